import { closeSync, constants, existsSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { open, type RootDatabaseOptionsWithPath } from 'lmdb';
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
}

/** Addresses, not memory: the map need not move while the file grows. */
const addressSpace = 64 * 2 ** 30;
/** More than LMDB needs for its table of readers: with its blocks there, mapping it cannot fail on a full disk. */
const readerTableSize = 64 * 1024;

/**
 * Opens the store in a directory, or makes one. Throws `Conflict` when another process has it open, `InternalError` that
 * names the file and the snapshot to restore when it is damaged, `InsufficientStorage` when there is no room to start.
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const { directory, snapshots = snapshotsBeside(options.directory) } = options;
  const file = join(directory, storeFile);
  const unlock = lockDirectory(directory);
  try {
    if (!existsSync(file)) await createFile(file);
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

/** Under another name until it is whole: a file of that name which is empty or cut off is damaged, not new. */
async function createFile(file: string): Promise<void> {
  const unfinished = `${file}.new`;
  rmSync(unfinished, { force: true });
  const database = openDatabase(unfinished);
  await database.put(headerKey, encodeHeader(0));
  await database.close();
  rmSync(`${unfinished}-lock`, { force: true });
  syncPath(unfinished);
  renameSync(unfinished, file);
  syncPath(join(file, '..'));
}

function openDatabase(file: string): Database {
  // This process alone has the directory, so no reader of an earlier one is left.
  clearReaderTable(`${file}-lock`);
  const settings: RootDatabaseOptionsWithPath & { eventTurnBatching: boolean } = {
    path: file,
    noSubdir: true,
    mapSize: addressSpace,
    maxDbs: 1,
    keyEncoding: 'binary',
    encoding: 'binary',
    // LMDB's own order: data to disk, then the page that points to it to disk, then the promise resolves.
    overlappingSync: false,
    // Groups are made by the store; the package's own grouping makes promises that nobody can wait for.
    eventTurnBatching: false,
  };
  return open<Buffer, Buffer>(settings);
}

/** In place when it is there: its blocks are this store's already, should the disk be full. */
function clearReaderTable(file: string): void {
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    writeSync(descriptor, Buffer.alloc(readerTableSize), 0, readerTableSize, 0);
  } finally {
    closeSync(descriptor);
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
