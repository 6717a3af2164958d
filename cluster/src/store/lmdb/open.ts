import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { JournaledStore, storeFile } from '../journaled.ts';
import type { Store } from '../types.ts';
import { createStoreFile, openDatabase } from './database.ts';
import { messageOf, writeError } from './errors.ts';
import { LmdbJournal } from './journal.ts';
import { loadState } from './load.ts';
import { lockDirectory } from './lock.ts';
import { listSnapshots, snapshotsBeside } from './snapshots.ts';

export interface LmdbStoreOptions {
  /** Made when it does not exist. One process at a time may use it. */
  directory: string;
  /** Where to look for a snapshot when the store turns out to be damaged; `snapshots` beside the directory by default. */
  snapshots?: string;
}

/**
 * Opens the store in a directory, or makes one. Throws `Conflict` when another process has it open, `InternalError` that
 * names the file and the snapshot to restore when it is damaged, `InsufficientStorage` when there is no room to start.
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const { directory, snapshots = snapshotsBeside(options.directory) } = options;
  const file = join(directory, storeFile);
  const unlock = lockDirectory(directory);
  try {
    if (!existsSync(file)) await createStoreFile(file);
    const { state, leftover } = loadOrExplain(file, snapshots);
    const journal = new LmdbJournal(openDatabase(file), file, unlock);
    // A full disk is no reason not to serve: what a compaction left behind is dropped at a later start.
    if (leftover.length > 0) await journal.forget(state.compacted, leftover).catch(() => {});
    return new JournaledStore(journal, state);
  } catch (error) {
    unlock();
    throw error instanceof BerthError ? error : writeError(file, error);
  }
}

function loadOrExplain(file: string, snapshots: string): ReturnType<typeof loadState> {
  try {
    return loadState(file);
  } catch (cause) {
    const newest = listSnapshots(snapshots).pop();
    const remedy =
      newest === undefined
        ? `there is no snapshot in ${snapshots} to restore`
        : `the newest snapshot to restore is ${newest}`;
    throw new BerthError('InternalError', `${file} is damaged (${messageOf(cause)}); ${remedy}`, {
      cause,
      retryable: false,
    });
  }
}
