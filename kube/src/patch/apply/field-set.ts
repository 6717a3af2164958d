import { type Data, isData, put } from '../data.ts';
import { inElementOrder, type PathElement, readElement, shownElement } from './path-element.ts';

/** A set of fields as a tree: a node is a path, and says whether it is in the set itself. */
export class FieldSet {
  member: boolean;
  readonly children = new Map<PathElement, FieldSet>();

  constructor(member = false) {
    this.member = member;
  }

  /** A set of paths, each a list of elements. */
  static of(paths: readonly (readonly PathElement[])[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) {
      let node = set;
      for (const element of path) node = node.child(element);
      node.member = true;
    }
    return set;
  }

  /** Everything that is in any of the sets: one walk through each, however many they are. */
  static unionOf(sets: readonly FieldSet[]): FieldSet {
    const union = new FieldSet();
    for (const set of sets) union.#addAll(set);
    return union;
  }

  /** The subtree of an element; made when absent. */
  child(element: PathElement): FieldSet {
    let found = this.children.get(element);
    if (found === undefined) {
      found = new FieldSet();
      this.children.set(element, found);
    }
    return found;
  }

  get isEmpty(): boolean {
    return !this.member && !this.hasChildren;
  }

  get hasChildren(): boolean {
    for (const child of this.children.values()) if (!child.isEmpty) return true;
    return false;
  }

  has(path: readonly PathElement[]): boolean {
    let node: FieldSet | undefined = this;
    for (const element of path) node = node?.children.get(element);
    return node?.member ?? false;
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
    if (other.children.size === 0 && !(this.member && other.member)) return this;
    const result = new FieldSet(this.member && !other.member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      result.#keep(element, theirs === undefined ? child : child.difference(theirs));
    }
    return result;
  }

  /** The set without the paths of the other and all that is below them. */
  without(other: FieldSet): FieldSet {
    const result = new FieldSet(this.member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      if (theirs === undefined) result.#keep(element, child);
      else if (!theirs.member) result.#keep(element, child.without(theirs));
    }
    return result;
  }

  /** Only the paths of the other, in which `*` is any element, and what is below them. */
  within(other: FieldSet): FieldSet {
    if (other.member) return this;
    const result = new FieldSet();
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element) ?? other.children.get('*');
      if (theirs !== undefined) result.#keep(element, child.within(theirs));
    }
    return result;
  }

  /** Every path of the set, written as in conflicts: `.spec.containers[name="a"].image`. */
  paths(prefix = ''): string[] {
    const children = inElementOrder([...this.children]);
    const members = children.filter(([, child]) => child.member).map(([element]) => prefix + shownElement(element));
    return [...members, ...children.flatMap(([element, child]) => child.paths(prefix + shownElement(element)))];
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty;
  }

  toFieldsV1(): Data {
    const fields: Data = {};
    const children = [...this.children].filter(([, child]) => !child.isEmpty);
    if (this.member && children.length > 0) fields['.'] = {};
    for (const [element, child] of inElementOrder(children)) {
      put(fields, element, child.toFieldsV1());
    }
    return fields;
  }

  #addAll(other: FieldSet): void {
    this.member ||= other.member;
    for (const [element, child] of other.children) this.child(element).#addAll(child);
  }

  #keep(element: PathElement, child: FieldSet): void {
    if (!child.isEmpty) this.children.set(element, child);
  }
}

/** Reads what `managedFields` carries; kinds of elements that are not known are ignored. Throws for what is malformed. */
export function fieldSetFromFieldsV1(fields: unknown): FieldSet {
  const known = isData(fields) ? readSets.get(fields) : undefined;
  if (known !== undefined) return known;
  const set = read(fields ?? {});
  set.member = false;
  if (isData(fields)) readSets.set(fields, set);
  return set;
}

/** What `managedFields` carries for a set that changes no more. */
export function fieldsV1Of(set: FieldSet): Data {
  let fields = writtenSets.get(set);
  if (fields === undefined) {
    fields = set.toFieldsV1();
    writtenSets.set(set, fields);
  }
  return fields;
}

/** Most writes leave most sets as they are, and objects of one template have the same ones: each is read and written once. */
const readSets = new WeakMap<Data, FieldSet>();
const writtenSets = new WeakMap<FieldSet, Data>();

function read(fields: unknown): FieldSet {
  if (!isData(fields)) throw new Error('fields must be objects');
  const set = new FieldSet();
  for (const [text, below] of Object.entries(fields)) {
    if (text === '.') {
      set.member = true;
      continue;
    }
    const element = readElement(text);
    if (element === undefined) continue;
    const child = read(below);
    const present = set.children.get(element);
    set.children.set(element, present === undefined ? child : present.union(child));
  }
  if (set.children.size === 0) set.member = true;
  return set;
}
