import type { Schema } from '../types.ts';
import { isData, own, sameData } from './data.ts';
import { schemaOfField } from './nulls.ts';

/**
 * A part of an object beside what it was before, as far as it can be known that both are the same part: fields by their
 * names, items of lists of type `map` by their keys, items of other lists not at all.
 * Source: KEP-4008, "Correlating values".
 */
export class Correlation {
  readonly value: unknown;
  readonly old: unknown;
  readonly schema: Schema;
  readonly #fields = new Map<string, Correlation | undefined>();
  #items: Map<string, unknown> | undefined;
  #equal: boolean | undefined;

  constructor(value: unknown, old: unknown, schema: Schema) {
    this.value = value;
    this.old = old;
    this.schema = schema;
  }

  /** The field of that name, when it was there before and the schema knows it. */
  field(name: string): Correlation | undefined {
    if (this.#fields.has(name)) return this.#fields.get(name);
    const found = this.#field(name);
    this.#fields.set(name, found);
    return found;
  }

  #field(name: string): Correlation | undefined {
    const { value, old } = this;
    if (!isData(value) || !isData(old) || !Object.hasOwn(value, name) || !Object.hasOwn(old, name)) return undefined;
    const schema = schemaOfField(this.schema, name);
    return schema === undefined ? undefined : new Correlation(value[name], old[name], schema);
  }

  /** The item at an index of the new list, when the old list has one with its keys. */
  item(index: number): Correlation | undefined {
    const items = this.schema.items;
    if (!Array.isArray(this.value) || !Array.isArray(this.old) || items === undefined) return undefined;
    if (this.schema['x-kubernetes-list-type'] !== 'map') return undefined;
    this.#items ??= byKeys(this.old, this.schema);
    const value: unknown = this.value[index];
    const key = keysOf(value, this.schema);
    const old = key === undefined ? undefined : this.#items.get(key);
    return old === undefined ? undefined : new Correlation(value, old, items);
  }

  /** Whether the part says what it said before; items of lists of type `map` may have changed places. */
  get equal(): boolean {
    this.#equal ??= this.#compare();
    return this.#equal;
  }

  #compare(): boolean {
    const { value, old } = this;
    if (value === old) return true;
    if (Array.isArray(value) && Array.isArray(old)) {
      if (value.length !== old.length) return false;
      if (this.schema['x-kubernetes-list-type'] !== 'map') return sameData(value, old);
      return value.every((_, index) => this.item(index)?.equal === true);
    }
    return sameData(value, old);
  }
}

/** Items by their keys; of two with the same keys, the first. */
export function byKeys(list: readonly unknown[], schema: Schema): Map<string, unknown> {
  const items = new Map<string, unknown>();
  for (const item of list) {
    const key = keysOf(item, schema);
    if (key !== undefined && !items.has(key)) items.set(key, item);
  }
  return items;
}

/** An item's keys as one text; undefined for what is no object, or has not all of them. */
export function keysOf(item: unknown, schema: Schema): string | undefined {
  if (!isData(item)) return undefined;
  const values = (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => own(item, key));
  return values.every((value) => value !== null && value !== undefined && typeof value !== 'object')
    ? JSON.stringify(values)
    : undefined;
}
