import type { KubeObject } from '@berth/kube/objects';
import type { ReactNode } from 'react';
import type { TextKey } from '../../i18n/text.ts';
import type { RowColumn } from '../../list/rows.ts';

export interface TableColumn<T extends KubeObject = KubeObject> extends RowColumn<T> {
  label: TextKey;
  /** Pixels below which the column is no use. */
  min: number;
  /** Its share of the room left over. */
  grow?: number;
  align?: 'end';
  /** Given up first when there is little room; 0 stays always. */
  rank: number;
  /** Shown only when the reader asks for it. */
  optional?: boolean;
  /** Without it: the value as text. */
  cell?(object: T): ReactNode;
}

/** The columns for which there is room, the least important given up first; what was hidden by hand stays hidden. */
export function fitColumns<T extends KubeObject>(
  columns: readonly TableColumn<T>[],
  width: number,
  shown: (column: TableColumn<T>) => boolean,
): TableColumn<T>[] {
  let fitting = columns.filter(shown);
  const needed = () => fitting.reduce((sum, column) => sum + column.min, 0);
  while (needed() > width) {
    const least = fitting.reduce((one, other) => (other.rank >= one.rank ? other : one));
    if (least.rank === 0) break;
    fitting = fitting.filter((column) => column !== least);
  }
  return fitting;
}
