import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { type Link, unseal } from './chain.ts';

/** What is kept of a log. */
export interface LogLimits {
  /** Bytes of a file after which the next is begun. */
  maxSize: number;
  /** Milliseconds after which a finished file is removed; 0 keeps it. */
  maxAge: number;
  /** Finished files that are kept; 0 keeps all. */
  maxBackups: number;
}

/** The finished files of a log, oldest first: `audit-2026-11-30T08-30-00.000.log` of `audit.log`, as Kubernetes names them. */
export async function backupsOf(path: string): Promise<string[]> {
  const { before, after } = partsOf(path);
  const isOne = (name: string) =>
    name.startsWith(before) &&
    name.endsWith(after) &&
    stamp.test(name.slice(before.length, name.length - after.length));
  const names = await orAbsent(readdir(dirname(path)));
  return (names ?? [])
    .filter(isOne)
    .sort()
    .map((name) => join(dirname(path), name));
}

export function backupName(path: string, now: Date): string {
  const { before, after } = partsOf(path);
  return join(dirname(path), `${before}${now.toISOString().slice(0, -1).replaceAll(':', '-')}${after}`);
}

/** When a finished file was finished, by its name. */
export function finishedAt(path: string, backup: string): number {
  const { before, after } = partsOf(path);
  const name = basename(backup);
  const [day, time = ''] = name.slice(before.length, name.length - after.length).split('T');
  return Date.parse(`${day}T${time.replaceAll('-', ':')}Z`);
}

const stamp = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/;

function partsOf(path: string): { before: string; after: string } {
  const after = extname(path);
  return { before: `${basename(path, after)}-`, after };
}

/** How a file of the log ends. */
export interface FileEnd {
  size: number;
  /** Bytes up to the end of the last whole line. */
  whole: number;
  /** The last record; undefined when there is none, or when the last line is none. */
  link: Link | undefined;
}

const stepBytes = 64 * 1024;

/** Reads the end of a file; undefined when there is no such file. */
export async function endOf(file: string): Promise<FileEnd | undefined> {
  const handle = await orAbsent(open(file, 'r'));
  if (!handle) return undefined;
  try {
    return await endIn(handle);
  } finally {
    await handle.close();
  }
}

async function endIn(handle: FileHandle): Promise<FileEnd> {
  const { size } = await handle.stat();
  for (let length = stepBytes; ; length *= 4) {
    const from = Math.max(0, size - length);
    const text = Buffer.alloc(size - from);
    await handle.read(text, 0, text.length, from);
    const last = text.lastIndexOf(0x0a);
    const before = last <= 0 ? -1 : text.lastIndexOf(0x0a, last - 1);
    if (from > 0 && (last < 0 || before < 0)) continue;
    if (last < 0) return { size, whole: 0, link: undefined };
    return { size, whole: from + last + 1, link: unseal(text.subarray(before + 1, last))?.link };
  }
}

/** Undefined instead of what is not there. */
async function orAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
