import type { KubeObject } from '@berth/kube/objects';

/** What stands in one cell. */
export type Cell = (object: KubeObject, now: Date) => unknown;
/** By the column's name. */
export type Cells = Readonly<Record<string, Cell>>;
