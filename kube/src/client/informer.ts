import { isBerthError } from '../errors/index.ts';
import type { KubeObject, ObjectKey, Resource } from '../objects/index.ts';
import { Cache, type Change, type Index } from './cache.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import type { KubeClient, Selectors } from './types.ts';

export interface InformerOptions<T extends KubeObject> extends Selectors {
  client: Pick<KubeClient, 'list' | 'watch'>;
  resource: Resource<T>;
  namespace?: string;
  signal: AbortSignal;
  clock?: Clock;
  /** Told of each failure; the informer goes on by itself. */
  onError?(error: unknown): void;
}

/**
 * What a resource's objects are, kept up to date. Handlers see every difference once: after a gap (the server was away, the
 * version too old) they are told what changed in between, deletions included.
 */
export interface Informer<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  /** Resolves after the first whole list; never when the signal is aborted before. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  get(key: ObjectKey): T | undefined;
  /** All, or those of one namespace. The array is shared: never change it. */
  list(namespace?: string): readonly T[];
  /** Those for which the index gives this value. */
  byIndex(index: Index<T>, value: string): readonly T[];
  /** Present objects are told first, as `added`. Returns what ends the subscription. */
  subscribe(handler: (change: Change<T>) => void): () => void;
  /** Puts the answer to an own write into the cache, unless a newer version is there already. */
  observe(object: T): void;
  /** Takes out an object whose deletion was answered; late events about it are ignored. */
  observeDeleted(object: T): void;
}

const firstBackoff = 200;
const longestBackoff = 30_000;

/** Begins to list and watch at once, until the signal is aborted. */
export function startInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { client, resource, signal, namespace, labelSelector, fieldSelector } = options;
  const clock = options.clock ?? systemClock;
  const handlers = new Set<(change: Change<T>) => void>();
  const cache = new Cache<T>(clock.now, (change) => {
    for (const handler of handlers) handler(change);
  });
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  let hasSynced = false;
  let backoff = firstBackoff;

  const scope = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };

  async function relist(): Promise<string> {
    const askedAt = clock.now();
    const items: T[] = [];
    let page = await client.list(resource, { ...scope, limit: 5000, signal });
    items.push(...page.items);
    while (page.metadata.continue) {
      page = await client.list(resource, { ...scope, limit: 5000, continue: page.metadata.continue, signal });
      items.push(...page.items);
    }
    const version = page.metadata.resourceVersion ?? '';
    cache.replace(items, version, askedAt);
    hasSynced = true;
    resolve();
    return version;
  }

  async function run(): Promise<void> {
    let version: string | undefined;
    while (!signal.aborted) {
      const began = clock.now();
      try {
        version ??= await relist();
        const from = version;
        for await (const event of client.watch(resource, {
          ...scope,
          resourceVersion: version,
          allowWatchBookmarks: true,
          signal,
        })) {
          version = event.object.metadata.resourceVersion ?? version;
          if (event.type === 'BOOKMARK') continue;
          if (event.type === 'DELETED') cache.remove(event.object);
          else cache.put(event.object);
        }
        // A stream that ended in order is taken up at once, unless it brought nothing and was over immediately.
        if (version !== from || clock.now() - began > longestBackoff) backoff = firstBackoff;
        if (version !== from) continue;
      } catch (error) {
        if (signal.aborted) return;
        options.onError?.(error);
        if (isBerthError(error, 'Expired') || isBerthError(error, 'Gone')) version = undefined;
        // A whole time of good service makes the failure a new one.
        if (clock.now() - began > longestBackoff) backoff = firstBackoff;
      }
      await sleep(clock, backoff, signal);
      backoff = Math.min(backoff * 2, longestBackoff);
    }
  }
  run().catch((error) => options.onError?.(error));

  return {
    resource,
    synced,
    get hasSynced() {
      return hasSynced;
    },
    get: (key) => cache.get(key),
    list: (inNamespace) => cache.list(inNamespace),
    byIndex: (index, value) => cache.byIndex(index, value),
    subscribe(handler) {
      for (const object of cache.list()) handler({ type: 'added', object });
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    observe: (object) => cache.put(object),
    observeDeleted: (object) => cache.remove(object),
  };
}
