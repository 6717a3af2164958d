import type { KubeObject } from '@berth/kube/objects';
import { Link } from '../../components/link.tsx';
import { useText } from '../../i18n/text.ts';
import { commonFacts, fact } from '../../kinds/facts.tsx';
import type { KindView } from '../../kinds/view.ts';
import styles from './facts-grid.module.css';

/** Label and value, the kind's own first, then what every object has. */
export function FactsGrid({ view, object, narrow = false }: { view: KindView; object: KubeObject; narrow?: boolean }) {
  const { t } = useText();
  const { namespace } = object.metadata;
  const facts = [
    ...(view.facts?.(object) ?? []),
    ...fact('header.namespace', namespace && <Link to={`/namespaces/${namespace}`}>{namespace}</Link>),
    ...commonFacts(object),
  ];
  return (
    <dl className={`${styles.grid} ${narrow ? styles.narrow : ''}`} aria-label={t('object.facts')}>
      {facts.map(({ label, value, wide }) => (
        <div key={label} className={`${styles.fact} ${wide ? styles.wide : ''}`}>
          <dt className={styles.label}>{t(label)}</dt>
          <dd className={styles.value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
