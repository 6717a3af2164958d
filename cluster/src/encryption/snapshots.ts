import { BerthError } from '@berth/kube/errors';
import { runScript } from '../script.ts';
import { listSnapshots } from '../store/index.ts';

export interface SnapshotWork {
  /** The directory of snapshots. */
  snapshots: string;
  /** Berth's own keys: the first writes. */
  keyFile: string;
}

/**
 * Encrypts the Secrets of all snapshots under the newest of Berth's own keys, in a process of its own. None may be taken or removed meanwhile.
 * Answers those that are damaged, and were left as they are. Throws `InternalError` that says why it could not be done.
 */
export async function rewriteSnapshotsApart(work: SnapshotWork): Promise<string[]> {
  if (listSnapshots(work.snapshots).length === 0) return [];
  try {
    const output = await runScript(new URL('./snapshot-process.ts', import.meta.url), [work.snapshots, work.keyFile]);
    return JSON.parse(output) as string[];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `the snapshots could not be rewritten (${why}): the former key is kept until a rotation or the next start has done so`;
    throw new BerthError('InternalError', message, { cause });
  }
}
