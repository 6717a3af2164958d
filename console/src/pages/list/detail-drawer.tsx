import type { KubeObject } from '@berth/kube/objects';
import { ActionIcon, Button } from '@mantine/core';
import { useNavigate } from 'react-router';
import { CloseIcon } from '../../components/icons.tsx';
import { useAddress } from '../../components/link.tsx';
import { MiddleCut } from '../../components/middle-cut.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { useText } from '../../i18n/text.ts';
import { addressIn, type KindView } from '../../kinds/view.ts';
import { FactsGrid } from '../object/facts-grid.tsx';
import { ObjectTimeline } from '../object/object-timeline.tsx';
import styles from './detail-drawer.module.css';

/** An object beside its list: what is so and why, without leaving the list. */
export function DetailDrawer({ view, object, onClose }: { view: KindView; object: KubeObject; onClose: () => void }) {
  const { t } = useText();
  const navigate = useNavigate();
  const address = useAddress();
  const health = view.health?.(object);
  const { name } = object.metadata;
  return (
    <aside className={styles.drawer} aria-label={t('list.details', { name })} data-drawer>
      <div className={styles.head}>
        <h2 className={`${styles.name} mono`}>
          <MiddleCut text={name} />
        </h2>
        <Button size="compact-sm" variant="default" onClick={() => navigate(address(addressIn(view.path)(object)))}>
          {t('list.openPage')}
        </Button>
        <ActionIcon variant="subtle" color="gray" aria-label={t('list.closeDetails')} data-close onClick={onClose}>
          <CloseIcon />
        </ActionIcon>
      </div>
      <div className={styles.body}>
        {health !== undefined && (
          <div className={styles.status}>
            <StatusBadge health={health} />
            {health.message !== undefined && <p className={styles.message}>{health.message}</p>}
          </div>
        )}
        <FactsGrid view={view} object={object} narrow />
        <ObjectTimeline object={object} limit={8} />
      </div>
    </aside>
  );
}
