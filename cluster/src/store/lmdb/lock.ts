import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/kube/errors';
import { writeError } from './errors.ts';

/** SQLite's result code for a lock that another has. */
const busy = 5;

/**
 * Makes the directory this process' own until the returned function is called or the process ends, however it ends.
 * Node has no call for file locks; SQLite takes one on an empty database. Throws `Conflict` that names the holder,
 * `InsufficientStorage` when there is no room for it.
 */
export function lockDirectory(directory: string): () => void {
  const file = join(directory, 'lock');
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(file);
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    if (!(cause instanceof Error && 'errcode' in cause && cause.errcode === busy)) throw writeError(file, cause);
    const holder = holderOf(file);
    const by = holder === undefined ? 'another process' : `process ${holder}`;
    throw new BerthError('Conflict', `${directory} is in use by ${by}: stop that one first`, { cause });
  }
  const opened = database;
  return () => opened.close();
}

/** The process that holds a lock on the file, as far as the kernel tells (Linux: proc(5), /proc/locks). */
function holderOf(file: string): number | undefined {
  try {
    const inode = `:${statSync(file).ino}`;
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const [, , , kind, pid, place] = line.split(/\s+/);
      if (kind === 'WRITE' && place?.endsWith(inode)) return Number(pid);
    }
  } catch {
    // Without /proc the message does without the number.
  }
  return undefined;
}
