import type { Event } from '@berth/kube/objects';
import { Age } from '../../components/age.tsx';
import { ReferenceLink } from '../../components/link.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { formatCount } from '../../format/duration.ts';
import { useText } from '../../i18n/text.ts';
import styles from './overview.module.css';
import { latestWarning, type Need } from './summary.ts';

const shownAtOnce = 30;

export function NeedsColumn({ needs, events }: { needs: readonly Need[]; events: readonly Event[] }) {
  const { t, language } = useText();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section className={styles.column} aria-labelledby="overview-needs" tabIndex={0}>
      <h2 id="overview-needs" className={styles.question}>
        {t('overview.needs')}
      </h2>
      {needs.length === 0 && <p className={styles.none}>{t('overview.nothingNeeded')}</p>}
      <ol>
        {needs.slice(0, shownAtOnce).map(({ id, object, health, alike }) => (
          <li key={id} className={styles.entry}>
            <span className={styles.line}>
              <ReferenceLink reference={{ apiVersion: object.apiVersion, kind: object.kind, ...object.metadata }} />
            </span>
            <span className={styles.time}>
              {alike > 1 ? (
                t('overview.podsAlike', { count: alike, formatted: formatCount(alike, language) })
              ) : (
                <Age time={object.metadata.creationTimestamp} />
              )}
            </span>
            <StatusBadge health={health} />
            <p className={styles.message}>{health.message ?? latestWarning(object, events)}</p>
          </li>
        ))}
      </ol>
      {needs.length > shownAtOnce && (
        <p className={styles.note}>{t('overview.more', { count: needs.length - shownAtOnce })}</p>
      )}
    </section>
  );
}
