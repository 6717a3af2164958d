import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/kube/errors';

/**
 * Makes the directory this process' own until the returned function is called or the process ends, however it ends.
 * Node has no call for file locks; SQLite takes one on an empty database. Throws `Conflict` that names the holder.
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, 'lock');
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    const holder = holderOf(file);
    const by = holder === undefined ? 'another process' : `process ${holder}`;
    throw new BerthError('Conflict', `${directory} is in use by ${by}: stop that one first`, { cause });
  }
  return () => database.close();
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
