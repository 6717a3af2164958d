import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import {
  convertStoreFile,
  listSnapshots,
  lockDirectory,
  openLmdbStore,
  type Store,
  snapshotsBeside,
  storeFile,
} from '../store/index.ts';
import { Encryption, secrets } from './encryption.ts';
import { OwnKeys } from './own-keys.ts';
import { rulesOf } from './rules.ts';
import { plain, survey } from './survey.ts';

export interface EncryptedStoreOptions {
  /** The store's. */
  directory: string;
  /** Where Berth's own keys are: made when there are none and nothing was written under any. */
  keyFile: string;
  now: () => Date;
  logger: Logger;
}

export interface EncryptedStore {
  store: Store;
  encryption: Encryption;
  own: OwnKeys;
}

/**
 * Opens a store whose Secrets are encrypted under a key of Berth's own. What is still plain in it and in its snapshots, of an
 * earlier version of Berth or since a rotation was cut off, is encrypted first; being killed in the middle of that does no
 * harm. Throws `Conflict` that names the key when it is not there, and leaves everything as it is.
 */
export async function openEncryptedStore(options: EncryptedStoreOptions): Promise<EncryptedStore> {
  const { directory, keyFile, now, logger } = options;
  let store = await openLmdbStore({ directory });
  try {
    const counts = survey(store, secrets);
    const known = OwnKeys.read(keyFile);
    checkKeys(counts, known?.names ?? [], keyFile);
    const own = known ?? (await OwnKeys.make(keyFile, now()));
    const encryption = new Encryption();
    encryption.use(rulesOf(own.configuration));
    if (own.names.length > 1 || counts.has(plain)) {
      await store.close();
      const converted = await rewriteFiles(directory, encryption, logger);
      await own.retire();
      encryption.use(rulesOf(own.configuration));
      logger.info({ values: converted }, 'Secrets were encrypted anew');
      store = await openLmdbStore({ directory });
    }
    return { store, encryption, own };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Only a key that is not there at all is a reason not to start: a single value that cannot be read is not. */
function checkKeys(counts: ReadonlyMap<string, number>, names: readonly string[], file: string): void {
  const known = new Set([plain, ...names.map((name) => `aesgcm:v1:${name}`)]);
  for (const [label, count] of counts) {
    if (known.has(label)) continue;
    const what = count === 1 ? '1 Secret is' : `${count} Secrets are`;
    const message = `${what} encrypted under the key ${label}, which ${file} does not hold: put it back from a backup`;
    throw new BerthError('Conflict', message);
  }
}

/** Snapshots first and the store last: while anything is left, the store says so. */
async function rewriteFiles(directory: string, encryption: Encryption, logger: Logger): Promise<number> {
  const unlock = lockDirectory(directory);
  try {
    await rewriteSnapshots(snapshotsBeside(directory), encryption, logger);
    return await rewriteFile(directory, encryption);
  } finally {
    unlock();
  }
}

/** Of a snapshot that is damaged nothing can be read, under whatever key. */
export async function rewriteSnapshots(snapshots: string, encryption: Encryption, logger: Logger): Promise<void> {
  for (const snapshot of listSnapshots(snapshots)) {
    try {
      await rewriteFile(snapshot, encryption);
    } catch (error) {
      if (error instanceof BerthError) throw error;
      logger.warn({ err: error, snapshot }, 'a snapshot is damaged');
    }
  }
}

/** In a store's or a snapshot's directory. What cannot be read stays as it is. */
async function rewriteFile(directory: string, encryption: Encryption): Promise<number> {
  const own = encryption.of(secrets);
  return await convertStoreFile(join(directory, storeFile), (key, value) => {
    if (!own || !key.startsWith(secrets)) return value;
    try {
      const reading = own.read(value, key);
      return reading instanceof Promise || !reading.isStale ? value : own.write(reading.value, key);
    } catch {
      return value;
    }
  });
}
