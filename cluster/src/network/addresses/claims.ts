import { link, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Something of the machine that one instance at a time may have: a range of addresses, a node port. */
export interface Claim {
  /** Where instances of this machine write what they have; cleared at boot as links and rules are. */
  directory: string;
  /** What is claimed, as a file name. */
  name: string;
  /** The real path of the claiming instance's data directory. */
  owner: string;
  /** Whether the claim of another, whose data directory exists, still counts; yes when absent. */
  stillHolds?: (holder: string) => Promise<boolean>;
}

/**
 * Whether the thing is ours now; at most one of several who ask at once gets it. The claim's file appears with its
 * content in one step (hard link), or not at all. A claim whose data directory is gone is taken over. Without the
 * right to write there are no links and rules that could collide, and everything is granted.
 */
export async function claim({ directory, name, owner, stillHolds = async () => true }: Claim): Promise<boolean> {
  const path = join(directory, name);
  const draft = `${path}.${process.pid}.${process.hrtime.bigint()}`;
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(draft, owner);
    for (;;) {
      try {
        await link(draft, path);
        return true;
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error;
      }
      const holder = await readFile(path, 'utf8').catch(() => undefined);
      if (holder === undefined) continue;
      if (holder === owner) return true;
      const exists = await realpath(holder).catch(() => undefined);
      if (exists !== undefined && (await stillHolds(holder))) return false;
      await removeStale(path, holder, `${draft}.stale`);
    }
  } catch (error) {
    if (isCode(error, 'EACCES', 'EPERM', 'EROFS')) return true;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Gives one claim back, if it is the owner's. */
export async function release({ directory, name, owner }: Omit<Claim, 'stillHolds'>): Promise<void> {
  const path = join(directory, name);
  if ((await readFile(path, 'utf8').catch(() => '')) === owner) await rm(path, { force: true });
}

/** Gives all of the owner's claims of a directory back. */
export async function releaseAll(directory: string, owner: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) await release({ directory, name, owner });
}

/** Takes away a claim that no longer counts; a fresh one that another made meanwhile is put back. */
async function removeStale(path: string, holder: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== holder) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
