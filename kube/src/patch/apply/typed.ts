import type { Schema } from '../../schema/types.ts';
import { type Data, isData, own, put } from '../data.ts';
import { FieldSet } from './field-set.ts';
import { fieldElement, type PathElement } from './path-element.ts';
import type { ListStructure, Structures } from './structure.ts';

/** The fields that a value names. */
export function fieldsOf(structures: Structures, schema: Schema | undefined, value: unknown): FieldSet {
  const set = new FieldSet();
  collect(structures, schema, value, set);
  set.member = false;
  return set;
}

function collect(structures: Structures, schema: Schema | undefined, value: unknown, into: FieldSet): void {
  const structure = structures.of(schema, value);
  if (structure.type === 'scalar') into.member = true;
  else if (structure.type === 'map') {
    if (structure.atomic) into.member = true;
    else if (isData(value)) {
      for (const [key, item] of Object.entries(value)) {
        const child = into.child(fieldElement(key));
        collect(structures, structure.of(key), item, child);
        const empty = item === null || (isData(item) && Object.keys(item).length === 0);
        if (empty || !structure.isDeclared(key)) child.member = true;
      }
    }
  } else if (structure.by === 'nothing') into.member = true;
  else if (Array.isArray(value)) {
    for (const [element, items] of elementsOf(structures, structure, value)) {
      const child = into.child(element);
      // What stands in the list several times is owned as one, without its parts.
      if (items.length === 1) collect(structures, structure.items, items[0], child);
      child.member = true;
    }
  }
}

function elementsOf(structures: Structures, list: ListStructure, values: readonly unknown[]) {
  const found = new Map<PathElement, unknown[]>();
  for (const value of values) {
    const element = structures.elementOf(list, value);
    const others = found.get(element);
    if (others === undefined) found.set(element, [value]);
    else others.push(value);
  }
  return found;
}

/**
 * The value without the fields of the set. A container that was taken apart and of which nothing is left is null.
 * `undefined` for a value that is in the set itself.
 */
export function remove(structures: Structures, schema: Schema | undefined, value: unknown, set: FieldSet): unknown {
  const structure = structures.of(schema, value);
  if (structure.type === 'scalar') return value;
  if (structure.type === 'map') {
    if (!isData(value) || structure.atomic) return null;
    const kept: Data = {};
    for (const [key, item] of Object.entries(value)) {
      const below = set.children.get(fieldElement(key));
      if (below?.member) continue;
      put(kept, key, below?.hasChildren ? remove(structures, structure.of(key), item, below) : item);
    }
    return Object.keys(kept).length === 0 ? null : kept;
  }
  if (!Array.isArray(value) || structure.by === 'nothing') return null;
  const kept = value.flatMap((item: unknown) => {
    const below = set.children.get(structures.elementOf(structure, item));
    if (below?.member) return [];
    return [below?.hasChildren ? remove(structures, structure.items, item, below) : item];
  });
  return kept.length === 0 ? null : kept;
}

/** The set with every declared field that leads to a member. */
export function withNamedFields(structures: Structures, schema: Schema | undefined, set: FieldSet): FieldSet {
  const structure = schema === undefined ? undefined : structures.of(schema, undefined);
  const result = new FieldSet(set.member);
  for (const [element, child] of set.children) {
    let below: Schema | undefined;
    let declared = false;
    if (structure?.type === 'map' && element.startsWith('f:')) {
      const key = element.slice(2);
      below = structure.of(key);
      declared = structure.isDeclared(key);
    } else if (structure?.type === 'list' && element.startsWith('k:')) below = structure.items;
    const named = withNamedFields(structures, below, child);
    if (declared && child.hasChildren) named.member = true;
    result.children.set(element, named);
  }
  return result;
}

/** The set as the schema of today has it: what became one value is owned as one. */
export function reconcile(structures: Structures, schema: Schema | undefined, set: FieldSet): FieldSet {
  if (schema === undefined) return set;
  const structure = structures.of(schema, undefined);
  if (structure.type === 'scalar') return set;
  const isOneValue = structure.type === 'map' ? structure.atomic : structure.by === 'nothing';
  if (isOneValue) return set.hasChildren ? new FieldSet(true) : set;
  const changed = new Map<PathElement, FieldSet>();
  for (const [element, child] of set.children) {
    if (structure.type !== 'list' && !element.startsWith('f:')) continue;
    const below = structure.type === 'list' ? structure.items : structure.of(element.slice(2));
    const reconciled = reconcile(structures, below, child);
    if (reconciled !== child) changed.set(element, reconciled);
  }
  if (changed.size === 0) return set;
  const result = new FieldSet(set.member);
  for (const [element, child] of set.children) result.children.set(element, changed.get(element) ?? child);
  return result;
}

/** A field of the object at a path of plain names. */
export function fieldAt(object: unknown, ...path: string[]): unknown {
  let value = object;
  for (const name of path) value = isData(value) ? own(value, name) : undefined;
  return value;
}
