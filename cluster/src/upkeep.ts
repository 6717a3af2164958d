import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { type Revision, type Store, takeSnapshot } from './store/index.ts';

const minute = 60_000;
/** As kube-apiserver: a watch or a continued list may go back this far. */
const historyKept = 5 * minute;
const snapshotEvery = 60 * minute;
const snapshotsKept = 5;

export interface UpkeepOptions {
  store: Store;
  /** The directory of snapshots. */
  snapshots: string;
  now: () => number;
  logger: Logger;
}

export interface Upkeep extends Disposable {
  /** Runs while no snapshot is taken or removed. */
  betweenSnapshots<T>(work: () => Promise<T>): Promise<T>;
}

/** Forgets old history every few minutes and keeps a snapshot an hour. What fails is logged and tried again next time. */
export function keepStoreTidy({ store, snapshots, now, logger }: UpkeepOptions): Upkeep {
  const oneByOne = pLimit(1);
  let marked: Revision = store.revision;
  let saved: Revision | undefined;
  const failed = (what: string) => (error: unknown) => logger.warn({ err: error }, `could not ${what}`);
  const compact = async () => {
    // What was the newest one interval ago is old enough now.
    const target = marked;
    marked = store.revision;
    if (target > store.compactedRevision) await store.compact(target);
  };
  const save = async () => {
    if (store.revision === saved) return;
    saved = store.revision;
    await oneByOne(() => takeSnapshot({ store, snapshots, keep: snapshotsKept, now: new Date(now()) }));
  };
  const timers = [
    setInterval(() => void compact().catch(failed('compact the store')), historyKept),
    setInterval(() => void save().catch(failed('take a snapshot')), snapshotEvery),
    // Soon after the start too, when the start itself is over: even a young cluster has something to go back to.
    setTimeout(() => void save().catch(failed('take a snapshot')), minute),
  ];
  for (const timer of timers) timer.unref();
  return {
    betweenSnapshots: (work) => oneByOne(work),
    [Symbol.dispose]() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
