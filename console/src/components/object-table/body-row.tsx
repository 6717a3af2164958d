import type { KubeObject } from '@berth/kube/objects';
import { memo } from 'react';
import styles from './object-table.module.css';
import type { TableColumn } from './types.ts';

export interface BodyRowProps<T extends KubeObject> {
  id: string;
  object: T;
  columns: readonly TableColumn<T>[];
  template: string;
  top: number;
  index: number;
  height: number;
  touched: number | undefined;
  current: boolean;
  selected: boolean;
  onSelect?: ((object: T) => void) | undefined;
}

function PlainBodyRow<T extends KubeObject>(props: BodyRowProps<T>) {
  const { object, touched, current, selected } = props;
  const classes = [styles.row, current && styles.current, selected && styles.selected, touched && styles.touched];
  return (
    // biome-ignore lint/a11y/useSemanticElements: part of a virtual grid
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid itself handles the keys of its rows
    // biome-ignore lint/a11y/useFocusableInteractive: the grid keeps the focus and names its active row
    <div
      // A new key plays the glow again when the same object changes once more.
      key={touched ?? 0}
      id={props.id}
      role="row"
      aria-rowindex={props.index + 2}
      aria-selected={selected}
      className={classes.filter(Boolean).join(' ')}
      style={{
        gridTemplateColumns: props.template,
        height: props.height,
        transform: `translateY(${props.top}px)`,
      }}
      onClick={(event) => {
        const onLink = event.target instanceof Element && event.target.closest('a, button') !== null;
        if (!onLink) props.onSelect?.(object);
      }}
    >
      {props.columns.map((column) => (
        // biome-ignore lint/a11y/useSemanticElements: part of a virtual grid
        // biome-ignore lint/a11y/useFocusableInteractive: links in it take the focus
        <div key={column.id} role="gridcell" className={`${styles.cell} ${column.align === 'end' ? styles.end : ''}`}>
          {column.cell ? column.cell(object) : column.value(object)}
        </div>
      ))}
    </div>
  );
}

export const BodyRow = memo(PlainBodyRow) as typeof PlainBodyRow;
