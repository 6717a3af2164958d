import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@berth/kube/objects';

const readWrite = 0o660;
const readOnly = 0o440;
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
  await give(root, group, readWrite);
}

/** The same of a volume that its containers only read: all of it, and nobody gets to write. */
export const showToGroup = (root: string, group: number): Promise<void> => give(root, group, readOnly);

/** Who runs all containers of the pod; nothing when these are several, or their images say. */
export function onlyUserOf({ spec }: Pod): number | undefined {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {};
  const users = [...initContainers, ...containers, ...ephemeralContainers].map(
    ({ securityContext }) => securityContext?.runAsUser ?? spec?.securityContext?.runAsUser,
  );
  const [first] = users;
  return first !== undefined && users.every((user) => user === first) ? Number(first) : undefined;
}

/** Depth first, and the root last: a change that was cut short is seen as one (`OnRootMismatch`). */
async function give(path: string, group: number, access: number): Promise<void> {
  const { mode, uid } = await lstat(path);
  if (isDirectory(mode)) for (const entry of await readdir(path)) await give(join(path, entry), group, access);
  await lchown(path, uid, group);
  // A link has no mode of its own, and what it leads to may lie elsewhere.
  if (isLink(mode)) return;
  await chmod(path, (mode & 0o7777) | access | (isDirectory(mode) ? setGroup : 0));
}

const isDirectory = (mode: number) => (mode & 0o170000) === 0o040000;
const isLink = (mode: number) => (mode & 0o170000) === 0o120000;
