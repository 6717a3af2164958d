import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Runtime } from '../runtime/types.ts';

/** Kubelet's defaults: `containerLogMaxSize` and `containerLogMaxFiles`. */
const mostBytes = 10 * 1024 * 1024;
const mostFiles = 5;

/** Puts a container's log aside when it has grown too big, and removes the oldest of those put aside. */
export async function rotateLog(
  file: string,
  containerId: string,
  runtime: Pick<Runtime, 'reopenLog'>,
  now: number,
): Promise<boolean> {
  const present = await stat(file).catch(() => undefined);
  if (!present || present.size < mostBytes) return false;
  const aside = `${file}.${new Date(now)
    .toISOString()
    .replace(/[-:]|\.\d+Z$/g, '')
    .replace('T', '-')}`;
  await rename(file, aside);
  try {
    await runtime.reopenLog(containerId);
  } catch (error) {
    // The runtime still writes to what we moved.
    await rename(aside, file);
    throw error;
  }
  const directory = dirname(file);
  const rotated = (await readdir(directory)).filter((name) => name.startsWith(`${basename(file)}.`)).sort();
  for (const name of rotated.slice(0, Math.max(0, rotated.length - (mostFiles - 1)))) {
    await rm(join(directory, name), { force: true });
  }
  return true;
}
