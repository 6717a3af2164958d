import { Link } from '../../components/link.tsx';
import { StatusShape } from '../../components/status-badge.tsx';
import { formatCount } from '../../format/duration.ts';
import { type TextKey, useText } from '../../i18n/text.ts';
import styles from './overview.module.css';
import type { Tally } from './summary.ts';
import type { useOverview } from './use-overview.ts';

export function HealthColumn({ overview }: { overview: ReturnType<typeof useOverview> }) {
  const { t, language } = useText();
  const { tallies, needs, refused } = overview;
  const count = needs.length;
  const worst = needs[0]?.health.level ?? 'ok';
  return (
    <section className={styles.column} aria-labelledby="overview-health">
      <h2 id="overview-health" className={styles.question}>
        {t('overview.health')}
      </h2>
      <p className={styles.verdict} role="status">
        <StatusShape level={worst} />
        {count === 0
          ? t('overview.allWell')
          : t('overview.needCare', { count, formatted: formatCount(count, language) })}
      </p>
      <TallyLine label="overview.nodesReady" to="/nodes" tally={tallies.nodes} />
      <TallyLine label="overview.workloadsWell" to="/deployments" tally={tallies.workloads} />
      <TallyLine label="overview.podsWell" to="/pods" tally={tallies.pods} />
      {tallies.jobs.all > 0 && <TallyLine label="overview.jobsWell" to="/jobs" tally={tallies.jobs} />}
      {refused.length > 0 && <p className={styles.note}>{t('overview.unreadable', { list: refused.join(', ') })}</p>}
    </section>
  );
}

function TallyLine({ label, to, tally }: { label: TextKey; to: string; tally: Tally }) {
  const { t, language } = useText();
  const figures = { well: formatCount(tally.well, language), all: formatCount(tally.all, language) };
  return (
    <Link to={to} className={styles.tally}>
      <StatusShape level={tally.all === 0 ? 'unknown' : tally.worst} />
      <span>{t(label)}</span>
      <span className="figure">{t('overview.of', figures)}</span>
    </Link>
  );
}
