import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import type { ImageEntry } from './types.ts';

/** The entries of a layer by their path without a leading slash: complete with parents, sorted, checked. */
export function orderedEntries(entries: readonly ImageEntry[]): Map<string, ImageEntry> {
  const given = new Map<string, ImageEntry>();
  for (const entry of entries) {
    const path = normalPath(entry.path);
    if (path === '') continue;
    const earlier = given.get(path);
    if (earlier !== undefined && !(earlier.type === 'directory' && entry.type === 'directory')) {
      throw new BerthError('BadRequest', `the layer has two entries for /${path}`);
    }
    given.set(path, entry);
  }
  const complete = new Map(given);
  for (const path of given.keys()) {
    for (const parent of parentsOf(path)) {
      const existing = complete.get(parent);
      if (existing === undefined) complete.set(parent, { type: 'directory', path: `/${parent}` });
      else if (existing.type !== 'directory') {
        throw new BerthError('BadRequest', `/${path} lies under /${parent}, which is not a directory`);
      }
    }
  }
  // By code point and not by locale, so that every machine writes the same order; a parent sorts before its children.
  return new Map([...complete].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function normalPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (!path.startsWith('/') || parts.includes('..') || path.includes('\0')) {
    throw new BerthError('BadRequest', `"${path}" is no absolute path in an image`);
  }
  return parts.join('/');
}

/**
 * The files of a directory of this machine as entries below `prefix`. Symbolic links stay links; sockets, pipes and
 * devices are left out. Of the modes only "is it executable" is kept, so that a umask does not change the digest.
 */
export async function directoryEntries(directory: string, prefix: string): Promise<ImageEntry[]> {
  const entries: ImageEntry[] = [];
  for (const item of await readdir(directory, { withFileTypes: true })) {
    const source = join(directory, item.name);
    const path = `${prefix.replace(/\/$/, '')}/${item.name}`;
    if (item.isDirectory()) entries.push({ type: 'directory', path }, ...(await directoryEntries(source, path)));
    else if (item.isSymbolicLink()) entries.push({ type: 'symlink', path, target: await readlink(source) });
    else if (item.isFile()) {
      const executable = ((await stat(source)).mode & 0o111) !== 0;
      entries.push({ type: 'file', path, mode: executable ? 0o755 : 0o644, content: { source } });
    }
  }
  return entries;
}
