import { chmodSync, closeSync, constants, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { open, type RootDatabaseOptionsWithPath } from 'lmdb';
import type { Journal } from '../journal.ts';
import { type Database, LmdbJournal } from './journal.ts';
import { syncPath } from './sync.ts';

/** Addresses, not memory: the map need not move while the file grows. */
const addressSpace = 64 * 2 ** 30;
/** More than LMDB needs for its table of readers: with its blocks there, mapping it cannot fail on a full disk. */
const readerTableSize = 64 * 1024;

/**
 * Makes a store file, empty or with what `fill` puts in it. It has another name until it is whole: a file of its own name
 * that is empty or cut off is damaged, not new.
 */
export async function createStoreFile(file: string, fill?: (journal: Journal) => Promise<void>): Promise<void> {
  await writeStoreFile(file, async (database, unfinished) => {
    const journal = new LmdbJournal(database, unfinished, () => {});
    await journal.forget(0, []);
    await fill?.(journal);
  });
}

/** Puts a file with what `fill` writes in the place of a store file, whole or not at all. Nobody may have that open. */
export async function writeStoreFile(
  file: string,
  fill: (database: Database, unfinished: string) => void | Promise<void>,
): Promise<void> {
  const unfinished = `${file}.new`;
  rmSync(unfinished, { force: true });
  const database = openDatabase(unfinished);
  try {
    await fill(database, unfinished);
  } finally {
    await database.close();
  }
  rmSync(`${unfinished}-lock`, { force: true });
  // It holds Secrets.
  chmodSync(unfinished, 0o600);
  syncPath(unfinished);
  renameSync(unfinished, file);
  syncPath(dirname(file));
}

/** Opens a file that has been checked, or makes it. */
export function openDatabase(file: string): Database {
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
