import { constants, copyFileSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { storeFile } from '../journaled.ts';
import type { Store } from '../types.ts';
import { messageOf } from './errors.ts';
import { loadState } from './load.ts';
import { lockDirectory } from './lock.ts';
import { syncPath } from './sync.ts';

const partial = '.partial-';

/** Where a store's snapshots lie unless told otherwise: beside its directory, so that losing one does not lose both. */
export function snapshotsBeside(directory: string): string {
  return join(dirname(directory), 'snapshots');
}

/** The snapshots in a directory of them, oldest first, as paths. */
export function listSnapshots(snapshots: string): string[] {
  if (!existsSync(snapshots)) return [];
  const names = readdirSync(snapshots).filter((name) => !name.startsWith(partial));
  return names
    .sort()
    .map((name) => join(snapshots, name))
    .filter((path) => existsSync(join(path, storeFile)));
}

/**
 * Makes a snapshot named after the time and the revision, and removes the oldest beyond `keep`. Returns its path. A
 * snapshot is there whole or not at all. One at a time for a directory of snapshots.
 */
export async function takeSnapshot(options: {
  store: Store;
  snapshots: string;
  keep: number;
  now: Date;
}): Promise<string> {
  const { store, snapshots, keep, now } = options;
  const name = `${now.toISOString().replaceAll(':', '-')}-r${store.revision}`;
  const unfinished = join(snapshots, `${partial}${name}`);
  const path = join(snapshots, name);
  await mkdir(snapshots, { recursive: true, mode: 0o700 });
  for (const left of readdirSync(snapshots)) {
    // What a process that was killed in the middle left behind.
    if (left.startsWith(partial)) await rm(join(snapshots, left), { recursive: true, force: true });
  }
  try {
    await store.snapshot(unfinished);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  syncPath(snapshots);
  const old = listSnapshots(snapshots).slice(0, -Math.max(keep, 1));
  for (const path of old) await rm(path, { recursive: true, force: true });
  return path;
}

/**
 * Puts a snapshot in the place of a store that is not open. What was there is kept beside it as `store.mdb.<time>`, for
 * whoever wants to look. Throws `BadRequest` when the snapshot itself is damaged, `Conflict` when the store is open.
 */
export function restoreSnapshot(options: { snapshot: string; directory: string; now: Date }): void {
  const { snapshot, directory, now } = options;
  const source = join(snapshot, storeFile);
  try {
    loadState(source);
  } catch (cause) {
    throw new BerthError('BadRequest', `${source} is no snapshot to restore: ${messageOf(cause)}`, { cause });
  }
  const unlock = lockDirectory(directory);
  try {
    const target = join(directory, storeFile);
    const copy = `${target}.new`;
    copyFileSync(source, copy, constants.COPYFILE_FICLONE);
    syncPath(copy);
    if (existsSync(target)) renameSync(target, `${target}.${now.toISOString().replaceAll(':', '-')}`);
    rmSync(`${target}-lock`, { force: true });
    renameSync(copy, target);
    syncPath(directory);
  } finally {
    unlock();
  }
}
