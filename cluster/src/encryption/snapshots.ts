import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kube/errors';
import { listSnapshots } from '../store/index.ts';

export interface SnapshotWork {
  /** The directory of snapshots. */
  snapshots: string;
  /** Berth's own keys: the first writes. */
  keyFile: string;
}

/**
 * Encrypts the Secrets of all snapshots under the newest of Berth's own keys, in a thread. None may be taken or removed meanwhile.
 * Answers those that are damaged, and were left as they are. Throws `InternalError` that says why it could not be done.
 */
export async function rewriteSnapshotsApart(work: SnapshotWork): Promise<string[]> {
  if (listSnapshots(work.snapshots).length === 0) return [];
  const worker = new Worker(new URL('./snapshot-thread.ts', import.meta.url), { workerData: work });
  try {
    const [damaged] = (await once(worker, 'message')) as [string[]];
    return damaged;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `the snapshots could not be rewritten (${why}): the former key is kept until a rotation or the next start has done so`;
    throw new BerthError('InternalError', message, { cause });
  } finally {
    await worker.terminate();
  }
}
