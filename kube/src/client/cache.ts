import { controllerOf, type KubeObject, keyOf, type ObjectKey } from '../objects/index.ts';
import { compareVersions } from './version.ts';

/** A way to find objects of a resource: by any of the values that it gives for one. Kept from the first time it is asked by. */
export interface Index<T extends KubeObject = KubeObject> {
  valuesOf(object: T): readonly string[];
}

const byNamespace: Index = { valuesOf: ({ metadata: { namespace } }) => (namespace === undefined ? [] : [namespace]) };
/** By the uid of the controlling owner, '' where there is none. */
export const byController: Index = { valuesOf: (object) => [controllerOf(object)?.uid ?? ''] };

export type Change<T extends KubeObject> =
  | { type: 'added'; object: T }
  | { type: 'updated'; object: T; previous: T }
  | { type: 'deleted'; object: T };

/** For how long a deleted uid is remembered. No answer to a write arrives later than this. */
const tombstoneTtl = 120_000;

/**
 * The objects of one resource, fed by three sources that know nothing of each other's order: lists, watch events and
 * the answers to our own writes. Whatever the order, the newest version of each object stays and a deleted one does not return.
 */
export class Cache<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  /** By index, value and key. */
  readonly #indexed = new Map<Index<T>, Map<string, Map<string, T>>>();
  /** Lists as they were last asked for, until a change makes them stale. '' is all namespaces. */
  readonly #lists = new Map<string, readonly T[]>();
  /** When each uid was deleted. */
  readonly #tombstones = new Map<string, number>();
  readonly #now: () => number;
  readonly #changed: (change: Change<T>) => void;

  constructor(now: () => number, changed: (change: Change<T>) => void) {
    this.#now = now;
    this.#changed = changed;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(keyOf({ metadata: key }));
  }

  list(namespace?: string): readonly T[] {
    const cacheKey = namespace ?? '';
    let list = this.#lists.get(cacheKey);
    if (!list) {
      list = namespace === undefined ? [...this.#objects.values()] : this.byIndex(byNamespace, namespace);
      this.#lists.set(cacheKey, list);
    }
    return list;
  }

  byIndex(index: Index<T>, value: string): readonly T[] {
    let indexed = this.#indexed.get(index);
    if (!indexed) {
      indexed = new Map();
      for (const [key, object] of this.#objects) put(indexed, index.valuesOf(object), key, object);
      this.#indexed.set(index, indexed);
    }
    const found = indexed.get(value);
    return found ? [...found.values()] : [];
  }

  /** A state of an object, from a watch or an answer: kept when it is newer than what is here. */
  put(object: T): void {
    const { uid, resourceVersion } = object.metadata;
    if (uid !== undefined && this.#tombstones.has(uid)) return;
    const previous = this.#objects.get(keyOf(object));
    if (previous && compareVersions(resourceVersion, previous.metadata.resourceVersion) <= 0) return;
    if (previous && previous.metadata.uid !== uid) {
      this.#bury(previous);
      this.#unset(previous);
      this.#changed({ type: 'deleted', object: previous });
      this.#set(object);
      this.#changed({ type: 'added', object });
      return;
    }
    if (previous) this.#unset(previous);
    this.#set(object);
    this.#changed(previous ? { type: 'updated', object, previous } : { type: 'added', object });
  }

  /** The last state of an object that is gone. One of the same name but with another uid stays. */
  remove(object: T): void {
    this.#bury(object);
    const present = this.#objects.get(keyOf(object));
    if (!present || present.metadata.uid !== object.metadata.uid) return;
    this.#unset(present);
    this.#changed({ type: 'deleted', object });
  }

  /**
   * Everything there is, as a list at `version` that was asked for at `askedAt` (milliseconds since the epoch) says. What is
   * newer here stays: it was written after the list was made.
   */
  replace(objects: readonly T[], version: string | undefined, askedAt: number): void {
    const listed = new Set(objects.map((object) => object.metadata.uid));
    for (const [uid, buriedAt] of this.#tombstones) {
      if (listed.has(uid) && buriedAt < askedAt) this.#tombstones.delete(uid);
    }
    for (const present of [...this.#objects.values()]) {
      if (listed.has(present.metadata.uid)) continue;
      if (compareVersions(present.metadata.resourceVersion, version) <= 0) this.remove(present);
    }
    for (const object of objects) this.put(object);
  }

  #set(object: T): void {
    const key = keyOf(object);
    this.#objects.set(key, object);
    for (const [index, indexed] of this.#indexed) put(indexed, index.valuesOf(object), key, object);
    this.#forgetLists(object);
  }

  #unset(object: T): void {
    const key = keyOf(object);
    this.#objects.delete(key);
    for (const [index, indexed] of this.#indexed) take(indexed, index.valuesOf(object), key);
    this.#forgetLists(object);
  }

  #forgetLists(object: T): void {
    this.#lists.delete('');
    if (object.metadata.namespace !== undefined) this.#lists.delete(object.metadata.namespace);
  }

  #bury(object: T): void {
    const now = this.#now();
    for (const [uid, at] of this.#tombstones) {
      if (at + tombstoneTtl > now) break;
      this.#tombstones.delete(uid);
    }
    if (object.metadata.uid !== undefined) this.#tombstones.set(object.metadata.uid, now);
  }
}

function put<T>(indexed: Map<string, Map<string, T>>, values: readonly string[], key: string, object: T): void {
  for (const value of values) {
    const found = indexed.get(value);
    if (found) found.set(key, object);
    else indexed.set(value, new Map([[key, object]]));
  }
}

function take<T>(indexed: Map<string, Map<string, T>>, values: readonly string[], key: string): void {
  for (const value of values) {
    const found = indexed.get(value);
    if (found?.delete(key) && found.size === 0) indexed.delete(value);
  }
}
