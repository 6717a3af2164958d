import { BerthError } from '../../errors/index.ts';
import { compareQuantities, isQuantity } from '../../quantity/index.ts';
import type { Schema, SchemaCatalogue } from '../../schema/types.ts';
import { clone, type Data, isData, own, put, sameData } from '../data.ts';
import { FieldSet } from './field-set.ts';

/** How a value divides into parts that different managers may own. */
type Structure =
  | { type: 'leaf' }
  | { type: 'map'; of: (key: string) => Schema | undefined; declared: (key: string) => boolean }
  | { type: 'set' }
  | { type: 'keyed'; keys: readonly string[]; items: Schema | undefined };

/** An element of a list that is a map, with the path element that names it. */
interface Keyed {
  element: string;
  value: unknown;
}

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/** Objects as trees of ownable fields, by the schema's list and map types. */
export class Typed {
  readonly #catalogue: SchemaCatalogue;

  constructor(catalogue: SchemaCatalogue) {
    this.#catalogue = catalogue;
  }

  /** The fields that a configuration names. Throws `BadRequest` for list elements without their key, or twice. */
  fieldsOf(schema: Schema | undefined, value: unknown): FieldSet {
    const set = new FieldSet();
    this.#collect(schema, value, set, '');
    return set;
  }

  #collect(schema: Schema | undefined, value: unknown, into: FieldSet, path: string): void {
    const structure = this.#structure(schema, value);
    if (structure.type === 'map' && isData(value)) {
      if (Object.keys(value).length === 0) into.member = true;
      for (const [key, item] of Object.entries(value)) {
        const child = into.child(`f:${key}`);
        this.#collect(structure.of(key), item, child, `${path}.${key}`);
        if (!structure.declared(key)) child.member = true;
      }
    } else if (structure.type === 'set' && Array.isArray(value)) {
      if (value.length === 0) into.member = true;
      for (const item of value) into.child(`v:${JSON.stringify(item)}`).member = true;
    } else if (structure.type === 'keyed' && Array.isArray(value)) {
      if (value.length === 0) into.member = true;
      for (const { element, value: item } of this.#keyed(structure, value, path)) {
        const child = into.child(element);
        this.#collect(structure.items, item, child, `${path}[]`);
        child.member = true;
      }
    } else {
      into.member = true;
    }
  }

  /** `live` with everything that `config` names laid over it. */
  merge(schema: Schema | undefined, live: unknown, config: unknown): unknown {
    const structure = this.#structure(schema, config);
    if (structure.type === 'map' && isData(config) && isData(live)) {
      const merged = { ...live };
      for (const [key, item] of Object.entries(config)) {
        put(merged, key, Object.hasOwn(live, key) ? this.merge(structure.of(key), live[key], item) : clone(item));
      }
      return merged;
    }
    if (structure.type === 'set' && Array.isArray(config) && Array.isArray(live)) {
      return interleave(live.map(named), config.map(named), (_before, now) => now);
    }
    if (structure.type === 'keyed' && Array.isArray(config) && Array.isArray(live)) {
      const before = this.#tryKeyed(structure, live);
      if (before !== undefined) {
        return interleave(before, this.#keyed(structure, config, ''), (old, now) =>
          this.merge(structure.items, old, now),
        );
      }
    }
    return this.#sameQuantity(schema, live, config) ? live : clone(config);
  }

  /** Which fields differ between two states of an object. */
  compare(schema: Schema | undefined, before: unknown, now: unknown): Comparison {
    const comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
    this.#compare(schema, before, now, comparison);
    return comparison;
  }

  #compare(schema: Schema | undefined, before: unknown, now: unknown, into: Comparison): void {
    if (before === undefined && now === undefined) return;
    const structure = this.#structure(schema, now ?? before);
    if (structure.type === 'map' && (isData(before) || before === undefined) && (isData(now) || now === undefined)) {
      mark(before, now, into);
      for (const key of new Set([...Object.keys(before ?? {}), ...Object.keys(now ?? {})])) {
        const [a, b] = [own(before ?? {}, key), own(now ?? {}, key)];
        this.#descend(`f:${key}`, structure.of(key), a, b, into);
      }
      return;
    }
    const lists = (Array.isArray(before) || before === undefined) && (Array.isArray(now) || now === undefined);
    if (structure.type === 'set' && lists) {
      mark(before, now, into);
      for (const item of before ?? [])
        if (!now?.some((other) => sameData(other, item))) into.removed.child(named(item).element).member = true;
      for (const item of now ?? [])
        if (!before?.some((other) => sameData(other, item))) into.added.child(named(item).element).member = true;
      return;
    }
    if (structure.type === 'keyed' && lists) {
      const [a, b] = [this.#tryKeyed(structure, before ?? []), this.#tryKeyed(structure, now ?? [])];
      if (a !== undefined && b !== undefined) {
        mark(before, now, into);
        const [olds, news] = [byElement(a), byElement(b)];
        for (const element of new Set([...olds.keys(), ...news.keys()])) {
          this.#descend(element, structure.items, olds.get(element), news.get(element), into);
        }
        return;
      }
    }
    if (before === undefined) into.added.member = true;
    else if (now === undefined) into.removed.member = true;
    else if (!sameData(before, now)) into.modified.member = true;
  }

  #descend(element: string, schema: Schema | undefined, before: unknown, now: unknown, into: Comparison): void {
    // Most of an object is as it was: shared parts and plain values need no trees of their own.
    if (before === now || this.#sameQuantity(schema, before, now)) return;
    if (isPlain(before) && isPlain(now)) {
      const part = before === undefined ? 'added' : now === undefined ? 'removed' : 'modified';
      into[part].child(element).member = true;
      return;
    }
    const below: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
    this.#compare(schema, before, now, below);
    for (const part of ['added', 'modified', 'removed'] as const) {
      if (!below[part].isEmpty) into[part].children.set(element, below[part]);
    }
  }

  /** `0.5` and `500m` are one quantity: stored is the canonical form, applied whatever the writer wrote. */
  #sameQuantity(schema: Schema | undefined, before: unknown, now: unknown): boolean {
    if (schema === undefined || this.#catalogue.resolve(schema).format !== 'quantity') return false;
    return isQuantity(before) && isQuantity(now) && compareQuantities(before, now) === 0;
  }

  /** The value without the fields of the set, and without what became empty by that; `undefined` when nothing is left. */
  remove(schema: Schema | undefined, value: unknown, set: FieldSet): unknown {
    if (set.member) return undefined;
    const structure = this.#structure(schema, value);
    if (structure.type === 'map' && isData(value)) {
      const kept: Data = {};
      for (const [key, item] of Object.entries(value)) {
        const below = set.children.get(`f:${key}`);
        const left = below === undefined ? item : this.remove(structure.of(key), item, below);
        if (left !== undefined) put(kept, key, left);
      }
      return Object.keys(kept).length === 0 && Object.keys(value).length > 0 ? undefined : kept;
    }
    if (!Array.isArray(value)) return value;
    const elements =
      structure.type === 'set'
        ? value.map(named)
        : structure.type === 'keyed'
          ? this.#tryKeyed(structure, value)
          : undefined;
    if (elements === undefined) return value;
    const items = structure.type === 'keyed' ? structure.items : undefined;
    const kept = elements.flatMap(({ element, value: item }) => {
      const below = set.children.get(element);
      const left = below === undefined ? item : this.remove(items, item, below);
      return left === undefined ? [] : [left];
    });
    return kept.length === 0 && value.length > 0 ? undefined : kept;
  }

  #structure(schema: Schema | undefined, value: unknown): Structure {
    if (schema === undefined) {
      return isData(value) ? { type: 'map', of: () => undefined, declared: () => true } : { type: 'leaf' };
    }
    const target = this.#catalogue.resolve(schema);
    if (Array.isArray(value)) {
      const listType = schema['x-kubernetes-list-type'] ?? target['x-kubernetes-list-type'];
      const keys = schema['x-kubernetes-list-map-keys'] ?? target['x-kubernetes-list-map-keys'] ?? [];
      if (listType === 'set') return { type: 'set' };
      return listType === 'map' && keys.length > 0 ? { type: 'keyed', keys, items: target.items } : { type: 'leaf' };
    }
    if (!isData(value)) return { type: 'leaf' };
    if ((schema['x-kubernetes-map-type'] ?? target['x-kubernetes-map-type']) === 'atomic') return { type: 'leaf' };
    const { properties, additionalProperties } = target;
    if (properties === undefined && typeof additionalProperties !== 'object') return { type: 'leaf' };
    const declared = (key: string) => properties !== undefined && Object.hasOwn(properties, key);
    const rest = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    return { type: 'map', of: (key) => (declared(key) ? properties?.[key] : rest), declared };
  }

  #keyed(structure: Structure & { type: 'keyed' }, list: readonly unknown[], path: string): Keyed[] {
    const seen = new Set<string>();
    return list.map((value, index) => {
      const element = this.#elementOf(structure, value);
      if (element === undefined) {
        const key = JSON.stringify(structure.keys[0]);
        throw new BerthError(
          'BadRequest',
          `failed to create typed patch object: ${path}: element ${index}: associative list with keys has an element that omits key field ${key}`,
        );
      }
      if (seen.has(element)) {
        throw new BerthError(
          'BadRequest',
          `failed to create typed patch object: ${path}: duplicate entries for key ${element.slice(2)}`,
        );
      }
      seen.add(element);
      return { element, value };
    });
  }

  /** `undefined` when the list, which may be older than its schema, cannot be taken apart: it is then one value. */
  #tryKeyed(structure: Structure & { type: 'keyed' }, list: readonly unknown[]): Keyed[] | undefined {
    const elements = list.map((value) => ({ element: this.#elementOf(structure, value) ?? '', value }));
    const names = new Set(elements.map(({ element }) => element));
    return names.size < elements.length || names.has('') ? undefined : elements;
  }

  #elementOf({ keys, items }: Structure & { type: 'keyed' }, value: unknown): string | undefined {
    if (!isData(value)) return undefined;
    const properties = items === undefined ? undefined : this.#catalogue.resolve(items).properties;
    const named: Data = {};
    for (const key of [...keys].sort()) {
      const part = own(value, key) ?? properties?.[key]?.default;
      if (part !== undefined && part !== null) named[key] = part;
    }
    return Object.keys(named).length === 0 ? undefined : `k:${JSON.stringify(named)}`;
  }
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function named(value: unknown): Keyed {
  return { element: `v:${JSON.stringify(value)}`, value };
}

function byElement(elements: readonly Keyed[]): Map<string, unknown> {
  return new Map(elements.map(({ element, value }) => [element, value]));
}

/** A container that came or went is a change of its own. */
function mark(before: unknown, now: unknown, into: Comparison): void {
  if (before === undefined && now !== undefined) into.added.member = true;
  if (before !== undefined && now === undefined) into.removed.member = true;
}

/** The elements of the configuration in its order, those that only the live list has where they stood among them. */
function interleave(
  live: readonly Keyed[],
  config: readonly Keyed[],
  both: (live: unknown, config: unknown) => unknown,
): unknown[] {
  const before = byElement(live);
  const wanted = new Set(config.map(({ element }) => element));
  const rest = [...config];
  const result: unknown[] = [];
  const take = () => {
    const next = rest.shift();
    if (next !== undefined)
      result.push(before.has(next.element) ? both(before.get(next.element), next.value) : clone(next.value));
    return next?.element;
  };
  for (const { element, value } of live) {
    if (!wanted.has(element)) result.push(value);
    else if (rest.some((item) => item.element === element)) while (take() !== element);
  }
  while (rest.length > 0) take();
  return result;
}
