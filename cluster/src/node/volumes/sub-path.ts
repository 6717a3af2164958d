import { constants } from 'node:fs';
import { lstat, mkdir, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import type { Container } from '@berth/kube/objects';
import { expand } from '../pods/environment.ts';

type VolumeMount = NonNullable<Container['volumeMounts']>[number];

/**
 * What of its volume a mount asks for, '' for all of it. Throws `BadRequest` when a variable of its expression has no value, and when what the
 * variables make of it is absolute or leads upwards: the API could judge only the expression.
 */
export function subPathOf({ subPath = '', subPathExpr }: VolumeMount, variables: ReadonlyMap<string, string>): string {
  if (!subPathExpr) return subPath;
  const missing = new Set<string>();
  const get = (name: string) => {
    const value = variables.get(name);
    if (!value) missing.add(name);
    return value;
  };
  const path = expand(subPathExpr, { get });
  if (missing.size > 0) throw new BerthError('BadRequest', `missing value for ${[...missing].sort().join(', ')}`);
  if (path.startsWith('/')) {
    throw new BerthError('BadRequest', `error SubPath \`${path}\` must not be an absolute path`);
  }
  if (path.split('/').includes('..')) {
    throw new BerthError('BadRequest', `unable to provision SubPath \`${path}\`: must not contain '..'`);
  }
  return path;
}

/**
 * The path below the volume's root, links resolved; directories that are missing are made with the root's mode. A link that leads out of
 * the volume is refused, before anything is made behind it.
 */
export async function within(root: string, subPath: string): Promise<string> {
  const realRoot = await realpath(root);
  const { mode } = await lstat(realRoot);
  let path = realRoot;
  for (const step of subPath.split('/').filter((name) => name !== '' && name !== '.')) {
    const next = join(path, step);
    await makeDirectory(next, mode & 0o7777);
    path = await realpath(next);
    if (path !== realRoot && !path.startsWith(`${realRoot}/`)) {
      throw new BerthError('BadRequest', `subPath ${subPath} leads out of its volume`);
    }
  }
  return path;
}

/** What is there stays as it is. The mode is given to what was made, whatever a container puts in its place meanwhile. */
async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  await handle.chmod(mode).finally(() => handle.close());
}
