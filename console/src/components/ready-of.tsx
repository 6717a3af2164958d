import { formatCount } from '../format/duration.ts';
import { useText } from '../i18n/text.ts';

/** "2 ready of 3". */
export function ReadyOf({ ready, desired }: { ready: number | undefined; desired: number }) {
  const { t, language } = useText();
  const values = { ready: formatCount(ready ?? 0, language), desired: formatCount(desired, language) };
  return <span className="figure">{t('fact.replicasOf', values)}</span>;
}
