import { useState } from 'react';
import { useText } from '../i18n/text.ts';
import styles from './pairs.module.css';

/** Labels or annotations; the first `fold` of them, the rest on request. */
export function Pairs({ pairs, fold = 8 }: { pairs: Record<string, string>; fold?: number }) {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  const all = Object.entries(pairs);
  const shown = open ? all : all.slice(0, fold);
  return (
    <span className={styles.pairs}>
      {shown.map(([key, value]) => (
        <span key={key} className={styles.pair} title={`${key}=${value}`}>
          <span className="dim">{key}=</span>
          {value}
        </span>
      ))}
      {shown.length < all.length && (
        <button type="button" className={styles.more} onClick={() => setOpen(true)}>
          {t('fact.more', { count: all.length - shown.length })}
        </button>
      )}
    </span>
  );
}
