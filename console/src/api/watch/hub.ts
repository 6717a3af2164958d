import { open } from '../request.ts';
import { pathOf, type Scope, type ServedResource } from '../resource.ts';
import { type Snapshot, WatchCache } from './cache.ts';
import { follow, type WatcherWorld } from './watcher.ts';

const linger = 30_000;
const retryEvent = 'berth:retry';
const largeCollection = 5000;
const largeInterval = 400;

interface Entry {
  cache: WatchCache;
  listeners: Set<() => void>;
  stop: AbortController;
  ending: ReturnType<typeof setTimeout> | undefined;
  flushAt: number;
  scheduled: boolean;
}

/**
 * One watch per collection, shared by all views that look at it, and kept for a while after the last one leaves.
 * Changes reach the views once per frame; for large collections, a few times a second.
 */
export class WatchHub {
  readonly #entries = new Map<string, Entry>();
  readonly #world: WatcherWorld;
  readonly #onSessionEnd: () => void;
  readonly #health = new Set<() => void>();
  #broken = false;

  constructor(options: { onSessionEnd: () => void; world?: WatcherWorld }) {
    this.#world = options.world ?? browserWorld();
    this.#onSessionEnd = options.onSessionEnd;
  }

  subscribe(resource: ServedResource, scope: Scope, listener: () => void): () => void {
    const entry = this.#entry(resource, scope);
    clearTimeout(entry.ending);
    entry.listeners.add(listener);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size > 0) return;
      this.#endLater(keyFor(resource, scope), entry);
    };
  }

  #endLater(key: string, entry: Entry): void {
    entry.ending = setTimeout(() => {
      entry.stop.abort();
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      this.#checkHealth();
    }, linger);
  }

  snapshot(resource: ServedResource, scope: Scope): Snapshot {
    return this.#entry(resource, scope).cache.snapshot();
  }

  /** Whether some watch in use has lost the cluster. */
  get broken(): boolean {
    return this.#broken;
  }

  onHealth(listener: () => void): () => void {
    this.#health.add(listener);
    return () => this.#health.delete(listener);
  }

  /** Tries at once whatever is waiting to try again. */
  retry(): void {
    window.dispatchEvent(new Event(retryEvent));
  }

  /** Ends everything, as at sign-out; nothing that was read stays in memory. */
  clear(): void {
    for (const entry of this.#entries.values()) {
      clearTimeout(entry.ending);
      entry.stop.abort();
    }
    this.#entries.clear();
    this.#checkHealth();
  }

  #entry(resource: ServedResource, scope: Scope): Entry {
    const key = keyFor(resource, scope);
    const known = this.#entries.get(key);
    if (known) return known;
    const entry: Entry = {
      cache: new WatchCache(this.#world.now),
      listeners: new Set(),
      stop: new AbortController(),
      ending: undefined,
      flushAt: 0,
      scheduled: false,
    };
    this.#entries.set(key, entry);
    // A render may be thrown away before it subscribes.
    this.#endLater(key, entry);
    const target = {
      path: pathOf(resource, scope.namespace === undefined ? {} : { namespace: scope.namespace }),
      fieldSelector: scope.name === undefined ? undefined : `metadata.name=${scope.name}`,
    };
    const changed = () => this.#schedule(entry);
    void follow(target, entry.cache, { world: this.#world, changed, signal: entry.stop.signal });
    return entry;
  }

  #schedule(entry: Entry): void {
    if (entry.scheduled) return;
    entry.scheduled = true;
    const wait = entry.cache.size > largeCollection ? entry.flushAt + largeInterval - this.#world.now() : 0;
    const flush = () => {
      entry.scheduled = false;
      entry.flushAt = this.#world.now();
      entry.cache.flush();
      for (const listener of entry.listeners) listener();
      this.#checkHealth();
      if (entry.cache.snapshot().error?.code === 401) this.#onSessionEnd();
    };
    // A hidden page gets no frames, and must not fall behind without limit either.
    if (wait > 0 || globalThis.document?.hidden) setTimeout(flush, Math.max(wait, 100));
    else if (typeof requestAnimationFrame === 'function') requestAnimationFrame(flush);
    else setTimeout(flush, 0);
  }

  #checkHealth(): void {
    const broken = [...this.#entries.values()].some(
      (entry) => entry.listeners.size > 0 && entry.cache.snapshot().phase === 'broken',
    );
    if (broken === this.#broken) return;
    this.#broken = broken;
    for (const listener of this.#health) listener();
  }
}

function keyFor(resource: ServedResource, scope: Scope): string {
  return `${pathOf(resource, scope.namespace === undefined ? {} : { namespace: scope.namespace })}?${scope.name ?? ''}`;
}

function browserWorld(): WatcherWorld {
  return { open, pause, random: Math.random, now: Date.now };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      window.removeEventListener(retryEvent, done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener('online', done);
    window.addEventListener(retryEvent, done);
    signal.addEventListener('abort', done);
  });
}
