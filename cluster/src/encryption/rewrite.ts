import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { convertStoreFile, listSnapshots, storeFile } from '../store/index.ts';
import { type Encryption, secrets } from './encryption.ts';

/** Snapshots as `rewriteFile` does a store. Of one that is damaged nothing can be read, under whatever key. */
export async function rewriteSnapshots(
  snapshots: string,
  encryption: Encryption,
  logger: { warn(about: { err: unknown; snapshot: string }, message: string): void },
): Promise<void> {
  for (const snapshot of listSnapshots(snapshots)) {
    try {
      await rewriteFile(snapshot, encryption);
    } catch (error) {
      if (error instanceof BerthError) throw error;
      logger.warn({ err: error, snapshot }, 'a snapshot is damaged');
    }
  }
}

/**
 * Secrets of the store or the snapshot in a directory, those of its past too, as they would be written now: by a new file in the place of the
 * old, so that nothing is left of what was there. What cannot be read stays as it is. Answers how many were rewritten.
 */
export async function rewriteFile(directory: string, encryption: Encryption): Promise<number> {
  const transformer = encryption.of(secrets);
  return await convertStoreFile(join(directory, storeFile), (key, value) => {
    if (!transformer || !key.startsWith(secrets)) return value;
    try {
      const reading = transformer.read(value, key);
      return reading instanceof Promise || !reading.isStale ? value : transformer.write(reading.value, key);
    } catch {
      return value;
    }
  });
}
