import { type Data, isData, put } from '../data.ts';

/**
 * A set of fields as a tree, in the elements of `FieldsV1`: `f:name` a field, `k:{"name":"a"}` an element of a list
 * that is a map, `v:"a"` one of a list that is a set. Source: KEP-555, `k8s.io/structured-merge-diff/fieldpath`.
 */
export class FieldSet {
  /** Whether the path that leads here is in the set itself. */
  member: boolean;
  readonly children = new Map<string, FieldSet>();

  constructor(member = false) {
    this.member = member;
  }

  /** The subtree of an element; made when absent. */
  child(element: string): FieldSet {
    let found = this.children.get(element);
    if (found === undefined) {
      found = new FieldSet();
      this.children.set(element, found);
    }
    return found;
  }

  get isEmpty(): boolean {
    if (this.member) return false;
    for (const child of this.children.values()) if (!child.isEmpty) return false;
    return true;
  }

  union(other: FieldSet): FieldSet {
    const result = new FieldSet(this.member || other.member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      result.children.set(element, theirs === undefined ? child : child.union(theirs));
    }
    for (const [element, child] of other.children) if (!this.children.has(element)) result.children.set(element, child);
    return result;
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet(this.member && other.member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      if (theirs !== undefined) result.#keep(element, child.intersection(theirs));
    }
    return result;
  }

  /** What is in this set and not in the other, path by path. */
  difference(other: FieldSet): FieldSet {
    const result = new FieldSet(this.member && !other.member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      result.#keep(element, theirs === undefined ? child : child.difference(theirs));
    }
    return result;
  }

  /** The set without some top-level paths and all below them. */
  without(paths: readonly (readonly string[])[]): FieldSet {
    const result = new FieldSet(this.member);
    for (const [element, child] of this.children) {
      const concerned = paths.filter(([first]) => first === element);
      if (concerned.some((path) => path.length === 1)) continue;
      result.#keep(element, concerned.length === 0 ? child : child.without(concerned.map((path) => path.slice(1))));
    }
    return result;
  }

  /** Every path of the set, written as in conflicts: `.spec.containers[name="a"].image`. */
  paths(prefix = ''): string[] {
    const found = this.member && prefix !== '' ? [prefix] : [];
    for (const [element, child] of this.children) found.push(...child.paths(prefix + shown(element)));
    return found;
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty;
  }

  toFieldsV1(): Data {
    const fields: Data = {};
    const elements = [...this.children].filter(([, child]) => !child.isEmpty).sort(([a], [b]) => (a < b ? -1 : 1));
    if (this.member && elements.length > 0) fields['.'] = {};
    for (const [element, child] of elements) put(fields, element, child.toFieldsV1());
    return fields;
  }

  #keep(element: string, child: FieldSet): void {
    if (!child.isEmpty) this.children.set(element, child);
  }
}

/** Reads what `managedFields` carries; elements that are not understood are ignored. */
export function fieldSetFromFieldsV1(fields: unknown): FieldSet {
  const set = read(fields);
  set.member = false;
  return set;
}

function read(fields: unknown): FieldSet {
  const elements = isData(fields) ? Object.entries(fields) : [];
  const set = new FieldSet(elements.length === 0);
  for (const [element, below] of elements) {
    if (element === '.') set.member = true;
    else if (/^[fkvi]:/.test(element)) set.children.set(element, read(below));
  }
  return set;
}

function shown(element: string): string {
  const text = element.slice(2);
  if (element.startsWith('f:')) return `.${text}`;
  if (element.startsWith('v:')) return `[=${text}]`;
  if (element.startsWith('i:')) return `[${text}]`;
  return `[${keysOf(text)}]`;
}

/** The keys of a list's element; what a client wrote there may be anything. */
function keysOf(text: string): string {
  try {
    const keys = JSON.parse(text) as Data;
    return Object.entries(keys ?? {})
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .join(',');
  } catch {
    return text;
  }
}
