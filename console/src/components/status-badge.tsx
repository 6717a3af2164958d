import { useText } from '../i18n/text.ts';
import type { Health, Level } from '../kinds/health.ts';
import styles from './status-badge.module.css';

const shapes: Record<Level, React.ReactNode> = {
  ok: <circle cx="5" cy="5" r="4.5" fill="currentColor" />,
  progressing: (
    <>
      <circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" />
      <path d="M5 1a4 4 0 0 0 0 8z" fill="currentColor" />
    </>
  ),
  degraded: <path d="M5 .6 9.8 9.4H.2z" fill="currentColor" />,
  failed: <path d="M.7.7h8.6v8.6H.7z" fill="currentColor" />,
  unknown: <circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" strokeWidth="1.2" />,
  done: <path d="m1.2 5.4 2.6 2.8L8.8 2" fill="none" stroke="currentColor" strokeWidth="1.6" />,
};

/** The shape of a level alone; whoever shows it says the word beside it. */
export function StatusShape({ level }: { level: Level }) {
  return (
    <svg className={`${styles.shape} ${styles[level]}`} viewBox="0 0 10 10" aria-hidden="true">
      {shapes[level]}
    </svg>
  );
}

/** Shape, word and colour, then the reason as the cluster names it. */
export function StatusBadge({ health, reason = true }: { health: Health; reason?: boolean }) {
  const { t } = useText();
  const why = [health.reason, health.message].filter((part) => part !== undefined).join(': ');
  return (
    <span className={styles.badge} title={why || undefined}>
      <StatusShape level={health.level} />
      <span className={`${styles.word} ${styles[health.level]}`}>{t(health.word)}</span>
      {reason && health.reason !== undefined && <span className={styles.reason}>{health.reason}</span>}
    </span>
  );
}
