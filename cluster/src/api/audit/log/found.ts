import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { beginning, type Link } from './chain.ts';
import { backupsOf, endOf } from './files.ts';
import { type Head, HeadFile, newHead, readHead } from './head.ts';
import { LogFile } from './log-file.ts';
import type { MacKey } from './mac.ts';
import { type AuditPlace, makeKey, readKey } from './place.ts';

/** What a start finds of a log, or has made. */
export interface FoundLog {
  key: MacKey;
  file: LogFile;
  headFile: HeadFile;
  /** Records go on from its last. */
  head: Head;
  /** What somebody should know. */
  notices: string[];
}

/** Opens a log where it ends. A record that was not finished is removed. Rejects with what the disk says. */
export async function findLog({ path, keyFile, headFile }: AuditPlace): Promise<FoundLog> {
  for (const file of [path, keyFile]) await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const notices: string[] = [];
  const knownKey = readKey(keyFile);
  if (!knownKey && (await endOf(path))?.size) {
    notices.push(`${keyFile} is gone: what ${path} holds cannot be verified any more`);
  }
  const key = knownKey ?? makeKey(keyFile);
  const known = readHead(headFile, key);
  if (known === 'damaged') notices.push(`${headFile} is damaged: whether records are missing is not known`);
  const file = await LogFile.open(path);
  if (file.removed > 0) {
    notices.push(`${path} ended with ${file.removed} bytes of a record that was not finished: removed`);
  }
  const last = (file.size > 0 ? file.last : await lastOf(await backupsOf(path))) ?? beginning;
  const head = headAfter(typeof known === 'object' ? known.head : newHead(path), path, last);
  const missing = head.path === path ? head.last.sequence - last.sequence : 0;
  if (missing > 0 && head.removed.sequence <= last.sequence) {
    notices.push(`${path} is without its last ${missing} records, as after a power cut or when somebody cut it`);
  }
  return { key, file, headFile: await HeadFile.open(headFile, key), head, notices };
}

/** Records are counted on from the last that was written, though it may be gone: then a gap tells of it. */
function headAfter(former: Head, path: string, last: Link): Head {
  if (former.path !== path) return { path, last: former.last, removed: former.last };
  return last.sequence >= former.last.sequence ? { ...former, last } : former;
}

/** The last record of some files, oldest first. */
export async function lastOf(files: readonly string[]): Promise<Link | undefined> {
  for (const file of files.toReversed()) {
    const link = (await endOf(file))?.link;
    if (link) return link;
  }
  return undefined;
}
