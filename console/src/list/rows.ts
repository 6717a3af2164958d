import type { KubeObject } from '@berth/kube/objects';
import { isEmpty, matches, type Query } from './query.ts';

export type CellValue = string | number | undefined;

export interface RowColumn<T extends KubeObject> {
  id: string;
  /** What is sorted by; texts are searched in as well. */
  value(object: T): CellValue;
  /** What is searched in, where that is not the value. */
  search?(object: T): string | undefined;
}

export interface Sorting {
  id: string;
  descending: boolean;
}

/**
 * The rows of a list: filtered and sorted. What is derived from an object is kept as long as the object itself, so
 * that in a list of 30,000 a change costs what the changed objects cost.
 */
export class RowSelector<T extends KubeObject> {
  readonly #columns: readonly RowColumn<T>[];
  readonly #texts = new WeakMap<T, string>();
  readonly #values = new Map<string, WeakMap<T, CellValue>>();

  constructor(columns: readonly RowColumn<T>[]) {
    this.#columns = columns;
  }

  select(objects: readonly T[], query: Query, sorting: Sorting): T[] {
    const found = isEmpty(query)
      ? [...objects]
      : objects.filter((object) => matches(query, object, () => this.#textOf(object)));
    const column = this.#columns.find((one) => one.id === sorting.id);
    if (column === undefined) return found;
    const sign = sorting.descending ? -1 : 1;
    return found.sort((one, other) => {
      const order = compare(this.#valueOf(column, one), this.#valueOf(column, other));
      return order === 0 ? byName(one, other) : sign * order;
    });
  }

  #valueOf(column: RowColumn<T>, object: T): CellValue {
    let values = this.#values.get(column.id);
    if (values === undefined) {
      values = new WeakMap();
      this.#values.set(column.id, values);
    }
    if (values.has(object)) return values.get(object);
    const value = column.value(object);
    values.set(object, value);
    return value;
  }

  #textOf(object: T): string {
    const known = this.#texts.get(object);
    if (known !== undefined) return known;
    const text = this.#columns
      .map((column) => (column.search ? column.search(object) : this.#valueOf(column, object)))
      .filter((value) => typeof value === 'string')
      .join('\n')
      .toLowerCase();
    this.#texts.set(object, text);
    return text;
  }
}

/** Numbers by size, texts by code unit, what is absent last. */
function compare(one: CellValue, other: CellValue): number {
  if (one === other) return 0;
  if (one === undefined) return 1;
  if (other === undefined) return -1;
  return one < other ? -1 : 1;
}

function byName(one: KubeObject, other: KubeObject): number {
  return compare(one.metadata.namespace, other.metadata.namespace) || compare(one.metadata.name, other.metadata.name);
}
