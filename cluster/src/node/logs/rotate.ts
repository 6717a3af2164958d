import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Runtime } from '../runtime/types.ts';

export interface RotationPolicy {
  /** Bytes from which on a log is put aside. */
  maxBytes: number;
  /** Files of one log, the present one included. */
  maxFiles: number;
  /** Milliseconds between two looks. */
  every: number;
}

/** Kubelet's defaults of `containerLogMaxSize`, `containerLogMaxFiles` and `containerLogMonitorInterval`. */
export const usualRotation: RotationPolicy = { maxBytes: 10 * 1024 * 1024, maxFiles: 5, every: 10_000 };

const [compressed, unfinished] = ['.gz', '.tmp'];

/**
 * Puts a container's log aside when it has grown too big: `0.log` becomes `0.log.20260101-093000`, the runtime opens a new one, what was put
 * aside before is compressed, and of those the oldest are removed. Answers whether it did. A log that is not there is opened anew: somebody
 * was interrupted here. Source: kubelet's container log manager.
 */
export async function rotateLog(options: {
  file: string;
  containerId: string;
  runtime: Pick<Runtime, 'reopenLog'>;
  now: number;
  policy: Pick<RotationPolicy, 'maxBytes' | 'maxFiles'>;
}): Promise<boolean> {
  const { file, containerId, runtime, now, policy } = options;
  const present = await stat(file).catch(() => undefined);
  if (!present) await runtime.reopenLog(containerId);
  if (!present || present.size < policy.maxBytes) return false;
  const aside = `${file}.${stamp(now)}`;
  const others = await asideOf(file);
  // Two in one second would have one name.
  if (others.includes(aside)) return false;
  const { kept, unused } = sorted(others);
  // Room for the one that is put aside now, beside the one that is opened.
  const excess = kept.splice(0, Math.max(0, kept.length - Math.max(0, policy.maxFiles - 2)));
  for (const path of [...unused, ...excess]) await rm(path, { force: true });
  for (const path of kept) if (!path.endsWith(compressed)) await compress(path, present.mode);
  // Whoever follows it has not read it to its end yet: it is compressed next time.
  await rename(file, aside);
  try {
    await runtime.reopenLog(containerId);
  } catch (error) {
    // The runtime still writes to what we moved.
    await rename(aside, file);
    throw error;
  }
  return true;
}

/** Removes a log with all that was put aside of it. */
export async function removeLog(file: string): Promise<void> {
  for (const path of [file, ...(await asideOf(file))]) await rm(path, { force: true });
}

async function asideOf(file: string): Promise<string[]> {
  const names = await readdir(dirname(file)).catch((): string[] => []);
  return names.filter((name) => name.startsWith(`${basename(file)}.`)).map((name) => join(dirname(file), name));
}

/** Oldest first; what an interrupted compression left is of no use. */
function sorted(paths: readonly string[]): { kept: string[]; unused: string[] } {
  const all = new Set(paths);
  const isUnused = (path: string) => path.endsWith(unfinished) || all.has(`${path}${compressed}`);
  return { kept: paths.filter((path) => !isUnused(path)).sort(), unused: paths.filter(isUnused) };
}

async function compress(path: string, mode: number): Promise<void> {
  const draft = `${path}${unfinished}`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(draft, { mode: mode & 0o777 }));
    await rename(draft, `${path}${compressed}`);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await rm(path);
}

/** `20260101-093000`, so that names sort by time. */
function stamp(now: number): string {
  const [date, time] = new Date(now).toISOString().split('.')[0]?.split('T') ?? [];
  return `${date?.replaceAll('-', '')}-${time?.replaceAll(':', '')}`;
}
