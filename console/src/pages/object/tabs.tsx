import type { KeyboardEvent } from 'react';
import { useText } from '../../i18n/text.ts';
import styles from './object-page.module.css';

export type Tab = 'overview' | 'logs' | 'yaml';

const labels = {
  overview: 'object.tab.overview',
  logs: 'object.tab.logs',
  yaml: 'object.tab.yaml',
} as const;

/** Different questions about one object; the arrow keys go from one to the next. */
export function Tabs({ tabs, value, onChange }: { tabs: readonly Tab[]; value: Tab; onChange: (tab: Tab) => void }) {
  const { t } = useText();
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const next = tabs[(tabs.indexOf(value) + step + tabs.length) % tabs.length];
    if (step === 0 || next === undefined) return;
    event.preventDefault();
    onChange(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div className={styles.tabs} role="tablist" onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button
          key={tab}
          type="button"
          id={`tab-${tab}`}
          role="tab"
          className={styles.tab}
          aria-selected={tab === value}
          aria-controls={tab === value ? `panel-${tab}` : undefined}
          tabIndex={tab === value ? 0 : -1}
          onClick={() => onChange(tab)}
        >
          {t(labels[tab])}
        </button>
      ))}
    </div>
  );
}
