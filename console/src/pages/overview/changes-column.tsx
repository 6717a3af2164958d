import { Age } from '../../components/age.tsx';
import { ReferenceLink } from '../../components/link.tsx';
import { useText } from '../../i18n/text.ts';
import styles from './overview.module.css';
import type { Change } from './summary.ts';

export function ChangesColumn({ changes }: { changes: readonly Change[] }) {
  const { t } = useText();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section className={styles.column} aria-labelledby="overview-changes" tabIndex={0}>
      <h2 id="overview-changes" className={styles.question}>
        {t('overview.changes')}
      </h2>
      {changes.length === 0 && <p className={styles.none}>{t('overview.noChanges')}</p>}
      <ol>
        {changes.map(({ id, object, time, word, values }) => (
          <li key={id} className={styles.entry}>
            <span className={styles.line}>
              <ReferenceLink reference={{ apiVersion: object.apiVersion, kind: object.kind, ...object.metadata }} />
              <span>{t(word, values)}</span>
            </span>
            <span className={styles.time}>
              <Age time={time} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
