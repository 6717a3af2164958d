import type { KubeObject } from '@berth/kube/objects';
import type { Translate } from '../../i18n/text.ts';
import type { Sorting } from '../../list/rows.ts';
import styles from './object-table.module.css';
import type { TableColumn } from './types.ts';

export interface HeaderRowProps<T extends KubeObject> {
  columns: readonly TableColumn<T>[];
  template: string;
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
  t: Translate;
}

/** The column names; each sorts by its column, and once more the other way round. */
export function HeaderRow<T extends KubeObject>({ columns, template, sorting, onSort, t }: HeaderRowProps<T>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: part of a virtual grid
    // biome-ignore lint/a11y/useFocusableInteractive: the buttons in it take the focus
    <div className={styles.header} role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
      {columns.map((column) => {
        const sorted = sorting.id === column.id;
        const direction = sorting.descending ? 'descending' : 'ascending';
        return (
          // biome-ignore lint/a11y/useSemanticElements: part of a virtual grid
          // biome-ignore lint/a11y/useFocusableInteractive: the button in it takes the focus
          <div
            key={column.id}
            role="columnheader"
            aria-sort={sorted ? direction : 'none'}
            className={`${styles.cell} ${column.align === 'end' ? styles.end : ''}`}
          >
            <button
              type="button"
              tabIndex={-1}
              className={`${styles.sort} ${sorted ? styles.sorted : ''}`}
              onClick={() => onSort({ id: column.id, descending: sorted && !sorting.descending })}
            >
              {t(column.label)}
              {sorted && <span aria-hidden="true">{sorting.descending ? '↓' : '↑'}</span>}
            </button>
          </div>
        );
      })}
    </div>
  );
}
