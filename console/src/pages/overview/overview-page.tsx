import { useNamespace } from '../../components/link.tsx';
import { Loading } from '../../components/notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useText } from '../../i18n/text.ts';
import { ChangesColumn } from './changes-column.tsx';
import { HealthColumn } from './health-column.tsx';
import { NeedsColumn } from './needs-column.tsx';
import styles from './overview.module.css';
import { useOverview } from './use-overview.ts';

/** Is all well? What changed lately? What needs me? */
export function OverviewPage() {
  const { t } = useText();
  const { namespace } = useNamespace();
  const overview = useOverview(namespace);
  return (
    <div className={styles.page}>
      <PageHeader title={t('overview.title')} text={t('overview.title')} />
      {overview.settled ? (
        <div className={styles.columns}>
          <HealthColumn overview={overview} />
          <ChangesColumn changes={overview.changes} />
          <NeedsColumn needs={overview.needs} events={overview.events} />
        </div>
      ) : (
        <Loading />
      )}
    </div>
  );
}
