import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { showToGroup } from './ownership.ts';

export interface PayloadFile {
  data: Buffer;
  mode: number;
  /** Root by default. */
  owner?: number;
}

/** Relative path to content. */
export type Payload = Map<string, PayloadFile>;

const dataLink = '..data';

/**
 * Makes the directory hold exactly these files, all at once: they lie in a directory of their own behind the link
 * `..data`, which is replaced by a rename, so a reader sees the old set or the new one. Nothing is written when
 * nothing changed. `group` may read all of it. Answers whether it did.
 */
export async function writeAtomically(directory: string, payload: Payload, group?: number): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const current = await readlink(join(directory, dataLink)).catch(() => undefined);
  if (current !== undefined && (await holds(join(directory, current), payload))) return false;

  const name = `..${new Date().toISOString().replace(/[-:T]/g, '_').slice(0, 19)}.${randomBytes(4).toString('hex')}`;
  const fresh = join(directory, name);
  await mkdir(fresh, { mode: 0o755 });
  for (const [path, file] of payload) {
    const target = join(fresh, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await writeFile(target, file.data);
    // The mode given to writeFile is cut by the umask.
    await chmod(target, file.mode);
    if (file.owner !== undefined) await chown(target, file.owner, 0);
  }
  if (group !== undefined) await showToGroup(directory, group);
  const pending = join(directory, '..data_tmp');
  await rm(pending, { force: true });
  await symlink(name, pending);
  await rename(pending, join(directory, dataLink));

  const visible = new Set([...payload.keys()].map((path) => path.split('/')[0] as string));
  for (const entry of await readdir(directory)) {
    if (!entry.startsWith('..') && !visible.has(entry)) await unlink(join(directory, entry)).catch(() => undefined);
  }
  for (const entry of visible) {
    await symlink(join(dataLink, entry), join(directory, entry)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  if (current !== undefined) await rm(join(directory, current), { recursive: true, force: true });
  return true;
}

async function holds(directory: string, payload: Payload): Promise<boolean> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  if (entries.filter((entry) => entry.isFile()).length !== payload.size) return false;
  for (const [path, file] of payload) {
    const data = await readFile(join(directory, path)).catch(() => undefined);
    if (!data?.equals(file.data)) return false;
  }
  return true;
}
