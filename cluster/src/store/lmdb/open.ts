import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { open } from 'lmdb';
import { JournaledStore, storeFile } from '../journaled.ts';
import type { Store } from '../types.ts';
import { messageOf, writeError } from './errors.ts';
import { type Database, LmdbJournal } from './journal.ts';
import { loadState } from './load.ts';
import { lockDirectory } from './lock.ts';
import { encodeHeader, headerKey } from './record.ts';
import { listSnapshots, snapshotsBeside } from './snapshots.ts';
import { syncPath } from './sync.ts';

export interface LmdbStoreOptions {
  /** Made when it does not exist. One process at a time may use it. */
  directory: string;
  /** Where to look for a snapshot when the store turns out to be damaged; `snapshots` beside the directory by default. */
  snapshots?: string;
  /** The most bytes that the file may grow to; a commit beyond that fails with `InsufficientStorage`. 64 GiB by default. */
  largestSize?: number;
}

/** More than LMDB needs for its table of readers: with its blocks there, mapping it cannot fail on a full disk. */
const readerTableSize = 64 * 1024;

/**
 * Opens the store in a directory, or makes one. Throws `Conflict` when another process has it open, `InternalError` that
 * names the file and the snapshot to restore when it is damaged, `InsufficientStorage` when there is no room to start.
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const { directory, snapshots = snapshotsBeside(options.directory), largestSize = 64 * 2 ** 30 } = options;
  const file = join(directory, storeFile);
  const unlock = lockDirectory(directory);
  try {
    if (!existsSync(file)) await createFile(file);
    const { state, leftover } = loadOrExplain(file, snapshots);
    const journal = new LmdbJournal(openDatabase(file, largestSize), file, unlock);
    // A full disk is no reason not to serve: what a compaction left behind is dropped at a later start.
    if (leftover.length > 0) await journal.forget(state.compacted, leftover).catch(() => {});
    return new JournaledStore(journal, state);
  } catch (error) {
    unlock();
    throw error instanceof BerthError ? error : writeError(file, error);
  }
}

/** Under another name until it is whole: a file of that name which is empty or cut off is damaged, not new. */
async function createFile(file: string): Promise<void> {
  const unfinished = `${file}.new`;
  rmSync(unfinished, { force: true });
  const database = openDatabase(unfinished, 2 ** 20);
  await database.put(headerKey, encodeHeader(0));
  await database.close();
  rmSync(`${unfinished}-lock`, { force: true });
  syncPath(unfinished);
  renameSync(unfinished, file);
  syncPath(join(file, '..'));
}

function openDatabase(file: string, mapSize: number): Database {
  // This process alone has the directory, so no reader of an earlier one is left.
  writeFileSync(`${file}-lock`, Buffer.alloc(readerTableSize));
  return open<Buffer, Buffer>({
    path: file,
    noSubdir: true,
    mapSize,
    maxDbs: 1,
    keyEncoding: 'binary',
    encoding: 'binary',
    // LMDB's own order: data to disk, then the page that points to it to disk, then the promise resolves.
    overlappingSync: false,
  });
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
