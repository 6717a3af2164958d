import type { KubeObject } from '@berth/kube/objects';
import { useElementSize } from '@mantine/hooks';
import {
  columnVisibilityFeature,
  createColumnHelper,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import { keyOf } from '../../api/resource.ts';
import { useText } from '../../i18n/text.ts';
import type { Sorting } from '../../list/rows.ts';
import { BodyRow } from './body-row.tsx';
import { HeaderRow } from './header-row.tsx';
import styles from './object-table.module.css';
import { fitColumns, type TableColumn } from './types.ts';
import { useRowKeys } from './use-row-keys.ts';

const features = tableFeatures({ columnVisibilityFeature, rowSortingFeature });

export interface ObjectTableProps<T extends KubeObject> {
  label: string;
  columns: readonly TableColumn<T>[];
  /** Filtered and sorted already. */
  rows: readonly T[];
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
  touched?: ReadonlyMap<string, number>;
  /** The key of the object whose details are open. */
  selected?: string | undefined;
  onSelect?: ((object: T) => void) | undefined;
  hidden?: ReadonlySet<string>;
  extra?: ReadonlySet<string>;
  rowHeight?: number;
  /** As tall as its rows, up to this number; without it, as tall as its place. */
  fitRows?: number;
}

/**
 * Rows of objects, drawn only where they are seen. TanStack Table holds the columns and their state; it is given the
 * visible slice alone, so that 30,000 objects cost it no more than 40.
 */
export function ObjectTable<T extends KubeObject>(props: ObjectTableProps<T>) {
  const { columns, rows, sorting, rowHeight = 36 } = props;
  const { t } = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: measured, width } = useElementSize<HTMLDivElement>();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const slice = useMemo(() => rows.slice(first, first + items.length), [rows, first, items.length]);
  const fitting = useMemo(() => {
    const shown = (column: TableColumn<T>) =>
      column.optional === true ? props.extra?.has(column.id) === true : props.hidden?.has(column.id) !== true;
    return fitColumns(columns, width === 0 ? 1200 : width, shown);
  }, [columns, width, props.hidden, props.extra]);
  const definitions = useMemo(() => columnsOf(columns), [columns]);
  const visible = new Set(fitting.map((column) => column.id));
  const table = useTable({
    features,
    columns: definitions,
    data: slice,
    getRowId: (object: T) => object.metadata.uid ?? keyOf(object),
    manualSorting: true,
    state: {
      sorting: [{ id: sorting.id, desc: sorting.descending }],
      columnVisibility: Object.fromEntries(columns.map((column) => [column.id, visible.has(column.id)])),
    },
  });
  const rowKeys = useRowKeys({ ...props, scrollTo: (index) => virtual.scrollToIndex(index) });
  const template = fitting
    .map((column) => (column.grow ? `minmax(${column.min}px, ${column.grow}fr)` : `${column.min}px`))
    .join(' ');
  const height = props.fitRows === undefined ? undefined : Math.min(rows.length, props.fitRows) * rowHeight + 33;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a virtual list cannot be a <table>
    <div
      ref={scroller}
      className={styles.scroller}
      style={height === undefined ? undefined : { height, flex: 'none' }}
      role="grid"
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={rowKeys.activeId}
      tabIndex={0}
      onKeyDown={rowKeys.onKeyDown}
    >
      <div ref={measured}>
        <HeaderRow columns={fitting} template={template} sorting={sorting} onSort={props.onSort} t={t} />
        {/* biome-ignore lint/a11y/useSemanticElements: part of a virtual grid */}
        <div className={styles.body} role="rowgroup" style={{ height: virtual.getTotalSize() }}>
          {table.getRowModel().rows.map((row, at) => {
            const item = items[at];
            if (item === undefined) return null;
            const key = keyOf(row.original);
            return (
              <BodyRow
                key={row.id}
                id={rowKeys.idOf(item.index)}
                object={row.original}
                columns={fitting}
                template={template}
                top={item.start}
                index={item.index}
                height={rowHeight}
                touched={props.touched?.get(key)}
                current={rowKeys.current === item.index}
                selected={props.selected === key}
                onSelect={props.onSelect}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function columnsOf<T extends KubeObject>(columns: readonly TableColumn<T>[]) {
  const helper = createColumnHelper<typeof features, T>();
  return columns.map((column) => helper.accessor((object): unknown => column.value(object), { id: column.id }));
}
