import type { KubeObject } from '@berth/kube/objects';
import type { ApiError } from '../request.ts';
import { keyOf } from '../resource.ts';

export type WatchPhase =
  /** Nothing is known yet. */
  | 'loading'
  /** What is shown follows the cluster. */
  | 'live'
  /** What is shown is from `since`; the watch is being opened again. */
  | 'broken'
  /** The cluster refuses; trying again by itself would not help. */
  | 'refused';

export interface Snapshot<T extends KubeObject = KubeObject> {
  objects: readonly T[];
  phase: WatchPhase;
  /** Whether `objects` is the whole collection: false while the first pages are still arriving. */
  complete: boolean;
  error?: ApiError;
  /** When the watch broke, in milliseconds since the epoch. */
  since?: number;
  /** When an object was last seen to change, by key; only after the first full list, and only recent ones. */
  touched: ReadonlyMap<string, number>;
}

export type ChangeEvent = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject };

const glow = 2000;

/**
 * What one watch knows, as immutable snapshots. Objects keep their identity until they change, so that views can
 * compare by reference and cache what they derive.
 */
export class WatchCache {
  #objects = new Map<string, KubeObject>();
  #listed: Map<string, KubeObject> | undefined;
  #touched = new Map<string, number>();
  #complete = false;
  #snapshot: Snapshot = { objects: [], phase: 'loading', complete: false, touched: new Map() };
  #dirty = false;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** A list begins: what it does not name is gone when it ends. */
  beginList(): void {
    this.#listed = new Map();
  }

  /** One page; shown at once, so that the first rows do not wait for the last. */
  addPage(objects: readonly KubeObject[]): void {
    for (const object of objects) {
      const key = keyOf(object);
      const known = this.#objects.get(key);
      const same = known !== undefined && isSame(known, object);
      const kept = same ? known : slim(object);
      if (!same) this.#put(key, kept);
      this.#listed?.set(key, kept);
    }
    this.#dirty = true;
  }

  endList(): void {
    if (this.#listed !== undefined) this.#objects = this.#listed;
    this.#listed = undefined;
    this.#complete = true;
    this.#dirty = true;
  }

  apply(event: ChangeEvent): void {
    const key = keyOf(event.object);
    if (event.type === 'DELETED') {
      this.#objects.delete(key);
      this.#touched.delete(key);
    } else {
      this.#put(key, slim(event.object));
    }
    this.#dirty = true;
  }

  setPhase(phase: WatchPhase, error?: ApiError): void {
    const since = phase === 'broken' ? (this.#snapshot.since ?? this.#now()) : undefined;
    const { phase: _phase, error: _error, since: _since, ...rest } = this.#snapshot;
    this.#snapshot = {
      ...rest,
      phase,
      ...(error === undefined ? {} : { error }),
      ...(since === undefined ? {} : { since }),
    };
  }

  /** The present state; the same object until something changes and `flush` is called. */
  snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Takes what changed into a new snapshot. */
  flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    const oldest = this.#now() - glow;
    for (const [key, time] of this.#touched) if (time < oldest) this.#touched.delete(key);
    this.#snapshot = {
      ...this.#snapshot,
      objects: [...this.#objects.values()],
      complete: this.#complete,
      touched: new Map(this.#touched),
    };
  }

  #put(key: string, object: KubeObject): void {
    this.#objects.set(key, object);
    if (this.#complete) this.#touched.set(key, this.#now());
  }
}

function isSame(one: KubeObject, other: KubeObject): boolean {
  const version = one.metadata.resourceVersion;
  return version !== undefined && version === other.metadata.resourceVersion && one.metadata.uid === other.metadata.uid;
}

/** Half of an object's bytes are field ownership, which no view shows. */
function slim(object: KubeObject): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  return managedFields === undefined ? object : { ...object, metadata };
}
