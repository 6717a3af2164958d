import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const readWrite = 0o660;
const setGroup = 0o2110;

/**
 * Gives a volume to the pod's `fsGroup`: group, read and write for it, and for directories that what is made in them is the
 * group's too. `OnRootMismatch` believes the root. Source: "Configure volume permission and ownership change policy for Pods".
 */
export async function giveToGroup(root: string, group: number, policy: string | undefined): Promise<void> {
  if (policy === 'OnRootMismatch') {
    const { gid, mode } = await lstat(root);
    const wanted = readWrite | setGroup;
    if (gid === group && (mode & wanted) === wanted) return;
  }
  await give(root, group);
}

/** Depth first, and the root last: a change that was cut short is seen as one (`OnRootMismatch`). */
async function give(path: string, group: number): Promise<void> {
  const { mode, uid } = await lstat(path);
  if (isDirectory(mode)) for (const entry of await readdir(path)) await give(join(path, entry), group);
  await lchown(path, uid, group);
  // A link has no mode of its own, and what it leads to may lie elsewhere.
  if (isLink(mode)) return;
  await chmod(path, (mode & 0o7777) | readWrite | (isDirectory(mode) ? setGroup : 0));
}

const isDirectory = (mode: number) => (mode & 0o170000) === 0o040000;
const isLink = (mode: number) => (mode & 0o170000) === 0o120000;
