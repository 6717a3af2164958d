import type { Schema } from '../../schema/types.ts';
import { type Data, isData, own, sameData } from '../data.ts';
import { FieldSet } from './field-set.ts';
import { fieldElement, type PathElement } from './path-element.ts';
import type { ListStructure, MapStructure, Structure, Structures } from './structure.ts';

/** Which fields differ between two states of an object. */
export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/** `undefined` on either side is a value that is not there. */
export function compare(structures: Structures, schema: Schema | undefined, before: unknown, now: unknown): Comparison {
  const found: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  new Comparer(structures).compare(schema, before, now, found);
  for (const set of Object.values(found) as FieldSet[]) set.member = false;
  return found;
}

class Comparer {
  readonly #structures: Structures;

  constructor(structures: Structures) {
    this.#structures = structures;
  }

  compare(schema: Schema | undefined, before: unknown, now: unknown, into: Comparison): void {
    // Most of an object is as it was.
    if (before === now) return;
    const [old, next] = [this.#structures.of(schema, before), this.#structures.of(schema, now)];
    let whole: boolean;
    if (now === undefined) whole = this.#parts(old, before, now, into);
    else {
      if (before !== undefined && old.type !== next.type) this.#parts(old, before, now, into);
      whole = this.#parts(next, before, now, into);
    }
    if (whole) return;
    if (before === undefined) into.added.member = true;
    else if (now === undefined) into.removed.member = true;
  }

  /** Whether the two were compared as one value each. */
  #parts(structure: Structure, before: unknown, now: unknown, into: Comparison): boolean {
    if (structure.type === 'map') {
      const [old, next] = [isData(before) ? before : undefined, isData(now) ? now : undefined];
      if (structure.atomic || (isEmpty(old) && isEmpty(next))) return whole(before, now, into);
      this.#fields(structure, old, next, into);
      return false;
    }
    if (structure.type === 'list') {
      const [old, next] = [Array.isArray(before) ? before : undefined, Array.isArray(now) ? now : undefined];
      if (structure.by === 'nothing' || ((old?.length ?? 0) === 0 && (next?.length ?? 0) === 0)) {
        return whole(before, now, into);
      }
      this.#elements(structure, old ?? [], next ?? [], into);
      return false;
    }
    return whole(before, now, into);
  }

  #fields(structure: MapStructure, before: Data | undefined, now: Data | undefined, into: Comparison): void {
    for (const key of new Set([...Object.keys(before ?? {}), ...Object.keys(now ?? {})])) {
      const old = fieldOf(structure, before, key);
      const next = fieldOf(structure, now, key);
      this.#below(fieldElement(key), structure.of(key), old, next, into);
    }
  }

  #elements(structure: ListStructure, before: readonly unknown[], now: readonly unknown[], into: Comparison): void {
    const [olds, nexts] = [this.#byElement(structure, before), this.#byElement(structure, now)];
    for (const element of new Set([...olds.keys(), ...nexts.keys()])) {
      const [old = [], next = []] = [olds.get(element), nexts.get(element)];
      if (old.length <= 1 && next.length <= 1) {
        this.#below(element, structure.items, old[0], next[0], into);
      } else if (old.length > 1 && next.length > 1) {
        if (!sameData(old, next)) into.modified.child(element).member = true;
      } else if (old.length > 1) {
        if (next.length === 1) this.#below(element, structure.items, undefined, next[0], into);
        into.removed.child(element).member = true;
      } else {
        if (old.length === 1) this.#below(element, structure.items, old[0], undefined, into);
        into.added.child(element).member = true;
      }
    }
  }

  #byElement(structure: ListStructure, list: readonly unknown[]): Map<PathElement, unknown[]> {
    const found = new Map<PathElement, unknown[]>();
    for (const value of list) {
      const element = this.#structures.elementOf(structure, value);
      const others = found.get(element);
      if (others === undefined) found.set(element, [value]);
      else others.push(value);
    }
    return found;
  }

  #below(element: PathElement, schema: Schema | undefined, before: unknown, now: unknown, into: Comparison): void {
    if (before === now) return;
    if (isSimple(before) && isSimple(now)) {
      // Most fields are no more than this, and there may be very many.
      const part = before === undefined ? into.added : now === undefined ? into.removed : into.modified;
      part.child(element).member = true;
      return;
    }
    const below: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
    this.compare(schema, before, now, below);
    for (const part of ['added', 'modified', 'removed'] as const) {
      if (!below[part].isEmpty) {
        const present = into[part].children.get(element);
        into[part].children.set(element, present === undefined ? below[part] : present.union(below[part]));
      }
    }
  }
}

function whole(before: unknown, now: unknown, into: Comparison): true {
  if (before === undefined) into.added.member = true;
  else if (now === undefined) into.removed.member = true;
  else if (!sameData(before, now)) into.modified.member = true;
  return true;
}

/** Whether there is nothing, or one value without parts. Null may stand for an absent map. */
function isSimple(value: unknown): boolean {
  return typeof value !== 'object';
}

function isEmpty(value: Data | undefined): boolean {
  // There may be very many fields: only whether there is one is asked.
  for (const key in value) if (Object.hasOwn(value, key)) return false;
  return true;
}

function fieldOf(structure: MapStructure, object: Data | undefined, key: string): unknown {
  if (object === undefined) return undefined;
  return Object.hasOwn(object, key) ? own(object, key) : structure.absent(key);
}
