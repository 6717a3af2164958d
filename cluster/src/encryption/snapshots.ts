import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface SnapshotWork {
  /** The directory of snapshots. */
  snapshots: string;
  /** Berth's own keys: the first writes. */
  keyFile: string;
}

/**
 * Encrypts the Secrets of all snapshots under the newest of Berth's own keys, in a thread. None may be taken or removed meanwhile.
 * Answers those that are damaged, and were left as they are.
 */
export async function rewriteSnapshotsApart(work: SnapshotWork): Promise<string[]> {
  const worker = new Worker(new URL('./snapshot-thread.ts', import.meta.url), { workerData: work });
  try {
    const [damaged] = (await once(worker, 'message')) as [string[]];
    return damaged;
  } finally {
    await worker.terminate();
  }
}
