import type { KubeObject, Pod } from '@berth/kube/objects';
import { lazy, Suspense, useRef } from 'react';
import { useSearchParams } from 'react-router';
import { retry } from '../../api/retry.ts';
import { useWatch } from '../../api/watch/use-watch.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Link } from '../../components/link.tsx';
import { MiddleCut } from '../../components/middle-cut.tsx';
import { Loading, Notice } from '../../components/notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { WatchError } from '../../components/watch-error.tsx';
import { useText } from '../../i18n/text.ts';
import type { KindView } from '../../kinds/view.ts';
import { Containers } from './containers.tsx';
import { FactsGrid } from './facts-grid.tsx';
import styles from './object-page.module.css';
import { ObjectTimeline } from './object-timeline.tsx';
import { RelatedPods } from './related-pods.tsx';
import { type Tab, Tabs } from './tabs.tsx';

const LogView = lazy(() => retry(() => import('../../components/log-view/log-view.tsx')));
const YamlView = lazy(() => retry(() => import('../../components/yaml-view/yaml-view.tsx')));

export interface ObjectPageProps {
  view: KindView;
  namespace?: string | undefined;
  name: string;
}

/** One object, live: the title line with its status, facts, what explains it, and its YAML. */
export function ObjectPage({ view, namespace, name }: ObjectPageProps) {
  const { t } = useText();
  const watch = useWatch(view.resource, { namespace, name });
  const last = useRef<KubeObject>(undefined);
  const [address, setAddress] = useSearchParams();
  const live = watch.objects.find((object) => object.metadata.name === name);
  if (live !== undefined) last.current = live;
  const object = live ?? (last.current?.metadata.name === name ? last.current : undefined);
  const isPod = view.resource.group === '' && view.resource.resource === 'pods';
  const tabs: Tab[] = isPod ? ['overview', 'logs', 'yaml'] : ['overview', 'yaml'];
  const tab = tabs.find((one) => one === address.get('tab')) ?? 'overview';
  const health = object && view.health?.(object);
  const choose = (next: Tab) =>
    setAddress((present) => {
      const wanted = new URLSearchParams(present);
      if (next === 'overview') wanted.delete('tab');
      else wanted.set('tab', next);
      return wanted;
    });
  return (
    <div className={styles.page}>
      <PageHeader
        kind={view.resource.kind}
        text={name}
        title={
          <span className="mono">
            <MiddleCut text={name} />
          </span>
        }
        side={
          <>
            <CopyButton text={name} label={t('object.copyName')} />
            {health !== undefined && <StatusBadge health={health} />}
          </>
        }
      />
      {object === undefined && watch.error === undefined && !watch.complete && <Loading />}
      {object === undefined && watch.error !== undefined && (
        <WatchError error={watch.error} resource={view.resource} namespace={namespace} />
      )}
      {object === undefined && watch.complete && watch.error === undefined && (
        <Notice
          title={t('object.notFound', { name })}
          next={t('object.notFound.next')}
          action={<Link to={view.path}>{t('object.toList')}</Link>}
        />
      )}
      {object !== undefined && (
        <>
          {live === undefined && watch.complete && <p className={styles.message}>{t('object.deleted')}</p>}
          {health?.message !== undefined && health.level !== 'ok' && <p className={styles.message}>{health.message}</p>}
          <Tabs tabs={tabs} value={tab} onChange={choose} />
          <div
            id={`panel-${tab}`}
            role="tabpanel"
            aria-labelledby={`tab-${tab}`}
            // A panel that scrolls must be reachable with the keyboard.
            tabIndex={tab === 'overview' ? 0 : -1}
            className={`${styles.panel} ${tab === 'overview' ? '' : styles.filled}`}
          >
            <Suspense fallback={<Loading />}>
              {tab === 'overview' && <Explanation view={view} object={object} isPod={isPod} />}
              {tab === 'logs' && <LogView pod={object as Pod} chosen={address.get('container') ?? undefined} />}
              {tab === 'yaml' && <YamlView object={object} />}
            </Suspense>
          </div>
        </>
      )}
    </div>
  );
}

function Explanation({ view, object, isPod }: { view: KindView; object: KubeObject; isPod: boolean }) {
  const selection = view.podsOf?.(object);
  return (
    <>
      <FactsGrid view={view} object={object} />
      {isPod ? (
        <div className={styles.columns}>
          <Containers pod={object as Pod} />
          <div className={styles.aside}>
            <ObjectTimeline object={object} />
          </div>
        </div>
      ) : (
        <>
          {selection !== undefined && <RelatedPods selection={selection} />}
          <ObjectTimeline object={object} />
        </>
      )}
    </>
  );
}
