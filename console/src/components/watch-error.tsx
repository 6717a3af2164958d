import { Button } from '@mantine/core';
import { type ApiError, unreachable } from '../api/request.ts';
import type { ServedResource } from '../api/resource.ts';
import { useHub } from '../api/watch/use-watch.ts';
import { useText } from '../i18n/text.ts';
import { Notice } from './notice.tsx';

/** Why a collection cannot be shown: verb, resource and scope for what one may not do. */
export function WatchError({
  error,
  resource,
  namespace,
}: {
  error: ApiError;
  resource: ServedResource;
  namespace?: string | undefined;
}) {
  const { t } = useText();
  const hub = useHub();
  const action = (
    <Button size="xs" variant="default" onClick={() => hub.retry()}>
      {t('error.retry')}
    </Button>
  );
  const name = resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
  const detail = error.message;
  if (error.code === 403) {
    const scope = namespace === undefined ? t('error.inCluster') : t('error.inNamespace', { namespace });
    const title = t('error.forbidden', { resource: name, scope });
    return <Notice urgent title={title} next={t('error.forbidden.next')} detail={detail} action={action} />;
  }
  if (error.code === 404) {
    const title = t('error.notServed', { resource: name });
    return <Notice urgent title={title} next={t('error.notServed.next')} detail={detail} action={action} />;
  }
  const away = error.reason === unreachable || error.code >= 500;
  const title = away ? t('error.unreachable') : t('error.other');
  return <Notice urgent title={title} next={t('error.unreachable.next')} detail={detail} action={action} />;
}
