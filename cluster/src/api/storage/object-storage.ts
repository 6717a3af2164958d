import { BerthError } from '@berth/kube/errors';
import type { Encryption } from '../../encryption/index.ts';
import type { Change, ListQuery, Revision, Store, StoredEntry, StoreEvent, StoreWatch } from '../../store/index.ts';
import { EventLog } from './event-log.ts';
import { KeptValues } from './kept-values.ts';
import { prefixOfKey } from './keys.ts';
import { ResourceEvent, resourceEventOf } from './resource-event.ts';
import { SharedParts } from './shared-parts.ts';
import { SortedKeys } from './sorted-keys.ts';
import { StoredObject } from './stored-object.ts';

/** Receives every event of one resource, in order, in the turn in which readers begin to see it. */
export type Listener = (event: ResourceEvent) => void;

interface ResourceCache {
  keys: SortedKeys;
  objects: Map<string, StoredObject>;
  listeners: Set<Listener>;
  watchers: Set<() => void>;
  /** Of all objects together. */
  bytes: number;
  /** Lists that were asked for since the latest event, by their prefix. */
  lists: Map<string, readonly StoredObject[]>;
  /** Of the latest event. */
  revision: Revision;
}

export interface WatchLimits {
  /** Recent events that are kept in memory for watchers, and the bytes of their objects. Default: 32,768, 32 MiB. */
  recentEvents: number;
  recentBytes: number;
  /** How often a watch that asks for bookmarks gets one, in milliseconds. Default: a minute. */
  bookmarkEveryMs: number;
}

const defaultLimits: WatchLimits = { recentEvents: 32_768, recentBytes: 32 * 1024 * 1024, bookmarkEveryMs: 60_000 };

/** Lists of one state of a resource that are kept for the next who asks for the same. */
const keptLists = 16;
/** How long a reader waits for a version of the future. */
const futureWaitMs = 3000;
/** How long a writer waits to see its own durable write; it comes in the next turns unless the process is starved. */
const commitWaitMs = 30_000;

/**
 * The present state of all objects, in memory beside the store and fed by one watch of it. Readers are served from here
 * without parsing or copying; what they see is durable, since the store only shows what is.
 */
export class ObjectStorage {
  readonly store: Store;
  readonly watchLimits: WatchLimits;
  readonly #values: KeptValues;
  readonly #stopListening: (() => void) | undefined;
  readonly #resources = new Map<string, ResourceCache>();
  readonly #log: EventLog;
  readonly #shared = new SharedParts();
  readonly #waiting = new Set<{ revision: Revision; done: (reached: boolean) => void }>();
  /** Keys of what could not be read, or not at once. */
  readonly #unread = new Set<string>();
  #revision: Revision;
  #watch: StoreWatch | undefined;
  #isClosed = false;
  #ended: Promise<void> = Promise.resolve();

  /** What somebody must be asked for first is there when `readAgain` has resolved. Without `encryption` all is plain. */
  constructor(store: Store, watchLimits: Partial<WatchLimits> = {}, encryption?: Encryption) {
    this.store = store;
    this.#values = new KeptValues(encryption);
    this.#stopListening = encryption?.listen((what) => {
      void (what === 'rules' ? this.#readOtherwise() : this.readAgain());
    });
    this.watchLimits = { ...defaultLimits, ...watchLimits };
    const { entries, revision } = store.list({ prefix: '/registry/' });
    this.#revision = revision;
    const { recentEvents: most, recentBytes: bytes } = this.watchLimits;
    this.#log = new EventLog(revision, { events: most, bytes });
    for (const entry of entries) {
      const cache = this.#resource(prefixOfKey(entry.key));
      cache.keys.add(entry.key);
      const object = this.#values.object(entry, this.#shared);
      this.#keep(cache, object instanceof Promise ? unreadYet(entry) : object);
    }
  }

  /** Begins to follow the store; `failed` is told when that ends other than by `close`. */
  follow(failed: (error: unknown) => void): void {
    const watch = this.store.watch({ prefix: '', after: this.#revision });
    this.#watch = watch;
    this.#ended = this.#consume(watch).catch(failed);
  }

  async close(): Promise<void> {
    this.#watch?.close();
    this.#stopListening?.();
    await this.#ended;
    this.#isClosed = true;
    for (const waiter of this.#waiting) waiter.done(false);
  }

  get revision(): Revision {
    return this.#revision;
  }

  get(key: string): StoredObject | undefined {
    return this.#resources.get(prefixOfKey(key))?.objects.get(key);
  }

  /** Every object whose key starts with `prefix`, which is a resource's prefix or one with a namespace. */
  list(prefix: string): readonly StoredObject[] {
    const cache = this.#resources.get(prefixOfKey(prefix));
    if (!cache) return [];
    const known = cache.lists.get(prefix);
    if (known) return known;
    const list = cache.keys.withPrefix(prefix).map((key) => cache.objects.get(key) as StoredObject);
    if (cache.lists.size >= keptLists) cache.lists.clear();
    cache.lists.set(prefix, list);
    return list;
  }

  /** How many objects a resource has, and how large they are together; undefined when it never had one. */
  stored(prefix: string): { count: number; bytes: number } | undefined {
    const cache = this.#resources.get(prefix);
    return cache && { count: cache.objects.size, bytes: cache.bytes };
  }

  /** How many objects a resource has. */
  count(prefix: string): number {
    return this.#resources.get(prefix)?.objects.size ?? 0;
  }

  /** The revision of the latest change of a resource since the start; for caches of what was derived from it. */
  revisionOf(prefix: string): Revision {
    return this.#resources.get(prefix)?.revision ?? 0;
  }

  prefixes(): string[] {
    return [...this.#resources.keys()];
  }

  /** Whether everything the store has acknowledged is visible here; if not, wait for `caughtUp`. */
  get isFresh(): boolean {
    return this.#revision >= this.store.revision;
  }

  async caughtUp(): Promise<void> {
    if (!this.isFresh) await this.reached(this.store.revision);
  }

  /**
   * Resolves when `revision` is visible; `Timeout` with cause `ResourceVersionTooLarge` when it does not come in time, where
   * `named` is how it was asked for.
   */
  async reached(revision: Revision, named = String(revision), withinMs = futureWaitMs): Promise<void> {
    if (this.#revision >= revision) return;
    const done =
      !this.#isClosed &&
      (await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => waiter.done(false), withinMs);
        const waiter = {
          revision,
          done: (reached: boolean) => {
            clearTimeout(timer);
            this.#waiting.delete(waiter);
            resolve(reached);
          },
        };
        this.#waiting.add(waiter);
      }));
    if (done) return;
    // What was committed is durable, and will be there at the next start.
    if (this.#isClosed) throw new BerthError('ServiceUnavailable', 'the server is shutting down');
    const message = `Timeout: Too large resource version: ${named}, current: ${this.#revision}`;
    throw new BerthError('Timeout', message, {
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    });
  }

  /** Commits and waits until the change is visible to readers. `InternalError` when it cannot be encrypted now. */
  async commit(changes: readonly Change[]): Promise<Revision> {
    const revision = await this.store.commit(changes.map((change) => this.#values.change(change)));
    if (this.#revision < revision) await this.reached(revision, undefined, commitWaitMs);
    return revision;
  }

  /** Calls `listener` for every event of the resource from now on; answers how to stop. */
  listen(prefix: string, listener: Listener): () => void {
    const { listeners } = this.#resource(prefix);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Calls `wake` after new events of the resource, which `events` then has; answers how to stop. */
  watch(prefix: string, wake: () => void): () => void {
    const { watchers } = this.#resource(prefix);
    watchers.add(wake);
    return () => watchers.delete(wake);
  }

  /** Every event of the resource after this revision is in `events`; earlier ones only the store has. */
  eventsFrom(prefix: string): Revision {
    return this.#log.from(prefix);
  }

  /** The recent events of a resource in order, and the place of the first one after `revision`. Not to be kept. */
  events(prefix: string, revision: Revision): { events: readonly ResourceEvent[]; first: number } {
    return this.#log.after(prefix, revision);
  }

  /** What the store tells of its present or past, with the objects read. Throws what the store throws. */
  async listed(query: ListQuery): Promise<{ objects: StoredObject[]; revision: Revision; remaining: number }> {
    const { entries, revision, remaining } = this.store.list(query);
    return { objects: await Promise.all(entries.map((entry) => this.#values.object(entry))), revision, remaining };
  }

  /** An event of the store's history as one may see it. Rejects when what it tells of cannot be read. */
  async told(event: StoreEvent): Promise<ResourceEvent> {
    return resourceEventOf(await this.#values.event(event));
  }

  /** Whether an object is kept otherwise than it would be now: under an old key, or plain. */
  async isStale({ key, revision }: StoredObject): Promise<boolean> {
    const entry = this.store.get(key);
    return entry?.revision === revision && (await this.#values.isStale(entry));
  }

  /** Keys of what cannot be read. */
  get unreadable(): string[] {
    return [...this.#unread].sort();
  }

  /** Tries once more what could not be read: there are other keys now, or who has them answers again. */
  async readAgain(): Promise<void> {
    await this.#read([...this.#unread].map((key) => this.store.get(key)).filter((entry) => entry !== undefined));
  }

  /** Reads what is encrypted by the rules that count now. */
  async #readOtherwise(): Promise<void> {
    await this.#read(this.store.list({ prefix: '/registry/' }).entries.filter((entry) => this.#values.concerns(entry)));
  }

  /** What can be read as before stays the same object. */
  async #read(entries: readonly StoredEntry[]): Promise<void> {
    for (const object of await Promise.all(entries.map((entry) => this.#values.object(entry, this.#shared)))) {
      const cache = this.#resource(prefixOfKey(object.key));
      const known = cache.objects.get(object.key);
      if (known?.revision !== object.revision || (!known.fault && !object.fault)) continue;
      this.#keep(cache, object);
      cache.lists.clear();
    }
  }

  /** As the present state of what is stored there. */
  #keep(cache: ResourceCache, object: StoredObject): void {
    if (object.fault) this.#unread.add(object.key);
    else this.#unread.delete(object.key);
    cache.bytes += object.size - (cache.objects.get(object.key)?.size ?? 0);
    cache.objects.set(object.key, object);
  }

  #resource(prefix: string): ResourceCache {
    let cache = this.#resources.get(prefix);
    if (!cache) {
      cache = {
        keys: new SortedKeys(),
        objects: new Map(),
        bytes: 0,
        listeners: new Set(),
        watchers: new Set(),
        lists: new Map(),
        revision: 0,
      };
      this.#resources.set(prefix, cache);
    }
    return cache;
  }

  async #consume(watch: StoreWatch): Promise<void> {
    for await (const batch of watch.events) {
      const events: [ResourceCache, ResourceEvent][] = [];
      // Before anything is changed: what follows is one turn.
      const read = batch.map((event) => this.#newState(event));
      const objects = read.some((object) => object instanceof Promise) ? await Promise.all(read) : read;
      for (const [place, event] of batch.entries()) {
        const resource = prefixOfKey(event.key);
        const cache = this.#resource(resource);
        const change = this.#apply(cache, event, objects[place] as StoredObject | undefined);
        this.#log.add(resource, change);
        events.push([cache, change]);
      }
      // Readers first, listeners second: a listener that reads sees at least what it is told about.
      this.#revision = batch.at(-1)?.revision ?? this.#revision;
      for (const [cache, event] of events) {
        // Of what cannot be read there is nothing to tell; watchers are told that.
        if (!event.object.fault) for (const listener of cache.listeners) listener(event);
      }
      for (const cache of new Set(events.map(([changed]) => changed))) for (const wake of cache.watchers) wake();
      for (const [, event] of events) event.settle();
      this.#log.trim();
      for (const waiter of this.#waiting) if (waiter.revision <= this.#revision) waiter.done(true);
    }
  }

  /** What an event tells that is not known here; of what goes, its last state when that was never seen. */
  #newState(event: StoreEvent): StoredObject | Promise<StoredObject> | undefined {
    return event.type === 'put' || !this.get(event.key) ? this.#values.object(event, this.#shared) : undefined;
  }

  #apply(cache: ResourceCache, event: StoreEvent, object: StoredObject | undefined): ResourceEvent {
    const previous = cache.objects.get(event.key);
    cache.revision = event.revision;
    cache.lists.clear();
    if (event.type === 'put') {
      const state = object as StoredObject;
      if (!previous) cache.keys.add(event.key);
      this.#keep(cache, state);
      return new ResourceEvent('put', state, previous);
    }
    cache.keys.delete(event.key);
    cache.objects.delete(event.key);
    cache.bytes -= previous?.size ?? 0;
    this.#unread.delete(event.key);
    if (previous) return new ResourceEvent('delete', previous.at(event.revision), previous);
    const last = object as StoredObject;
    return last.fault ? new ResourceEvent('delete', last, last) : resourceEventOf({ ...event, value: last.bytes });
  }
}

/** Stands for an object until it has been read. */
function unreadYet({ key, revision }: StoredEntry): StoredObject {
  return StoredObject.unreadable(key, revision, new BerthError('ServiceUnavailable', `${key} was not read yet`));
}
