import { type Clock, systemClock } from '../client/clock.ts';
import type { Informers } from '../client/informers.ts';
import type { KubeClient } from '../client/types.ts';
import { isBerthError } from '../errors/index.ts';
import { type KubeObject, keyOf, type ObjectKey } from '../objects/index.ts';
import { perform } from './perform.ts';
import { WorkQueue } from './queue.ts';
import type { EventRecorder } from './recorder.ts';
import type { Reconciler } from './types.ts';
import { viewOf } from './view.ts';

export interface WorkerOptions<T extends KubeObject> {
  reconciler: Reconciler<T>;
  client: KubeClient;
  informers: Informers;
  recorder: EventRecorder;
  signal: AbortSignal;
  clock?: Clock;
  /** Keys that are worked on at the same time; 5 by default, as Kubernetes' controllers have it. */
  concurrency?: number;
  /** Told of each failure; the worker retries by itself. */
  onError?(error: unknown, key: string): void;
}

export interface Worker {
  /** Nothing waits and nothing is worked on. */
  readonly idle: boolean;
  /** Watches one resource more, such as a custom one that was defined later; answers how to stop. */
  watch(watched: Watched): () => void;
}

type Watched = Reconciler<KubeObject>['watches'][number];

/**
 * Runs one reconciler until the signal is aborted: begins when the caches it needs are there, keeps the guarantees that
 * `Reconciler` states.
 */
export function startWorker<T extends KubeObject>(options: WorkerOptions<T>): Worker {
  const { reconciler, client, informers, recorder, signal } = options;
  const clock = options.clock ?? systemClock;
  const own = informers.of(reconciler.resource);
  const view = viewOf(informers);
  const queue = new WorkQueue({ clock, concurrency: options.concurrency ?? 5, work });

  async function work(key: string): Promise<void> {
    const object = own.get(keyFrom(key));
    if (!object) return queue.succeeded(key);
    try {
      const outcome = reconciler.reconcile(object, view, clock.now());
      await perform(outcome.actions, { client, informers, recorder, signal, fieldManager: reconciler.name });
      queue.succeeded(key);
      if (outcome.requeueAfter !== undefined) queue.addAfter(key, Math.max(outcome.requeueAfter, 1));
    } catch (error) {
      if (signal.aborted) return;
      // The cache was behind, and is not any more: no failure, only a decision to make again.
      const gone = isBerthError(error, 'NotFound') && own.get(keyFrom(key))?.metadata.uid !== object.metadata.uid;
      const behind = gone || isBerthError(error, 'Conflict') || isBerthError(error, 'AlreadyExists');
      if (!behind) options.onError?.(error, key);
      queue.retry(key);
    }
  }

  own.subscribe((change) => queue.add(keyOf(change.object)));
  const synced = [own.synced];
  function watch(watched: Watched): () => void {
    const informer = informers.of(watched.resource);
    synced.push(informer.synced);
    const { concerns } = watched;
    if (!concerns) return () => {};
    const addConcerned = (object: KubeObject) => {
      for (const key of concerns.call(watched, object, view)) queue.add(keyOf({ metadata: key }));
    };
    return informer.subscribe((change) => {
      addConcerned(change.object);
      // Who was concerned by what it was: a former owner, a selector that matched.
      if (change.type === 'updated') addConcerned(change.previous);
    });
  }
  for (const watched of reconciler.watches) watch(watched);
  void Promise.all(synced).then(() => queue.resume());
  signal.addEventListener('abort', () => queue.stop(), { once: true });
  if (signal.aborted) queue.stop();
  return {
    get idle() {
      return queue.idle;
    },
    watch,
  };
}

function keyFrom(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
