import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { type MacKey, macKey } from './mac.ts';

/** Where the audit log of a data directory is kept, unless it is told another path for its lines. */
export interface AuditPlace {
  path: string;
  /** What makes the chain: whoever can read this can also write records. */
  keyFile: string;
  headFile: string;
}

export function auditPlace(dataDir: string, path?: string): AuditPlace {
  const directory = join(dataDir, 'audit');
  return {
    path: path ?? join(directory, 'audit.log'),
    keyFile: join(directory, 'chain.key'),
    headFile: join(directory, 'chain.head'),
  };
}

const keyBytes = 32;

/** The key of the chain; undefined when there is none. Throws `InternalError` when the file holds something else. */
export function readKey(file: string): MacKey | undefined {
  let key: Buffer;
  try {
    key = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (key.length === keyBytes) return macKey(key);
  throw new BerthError('InternalError', `the key of the audit log in ${file} is damaged: put it back from a backup`);
}

export function makeKey(file: string): MacKey {
  const key = randomBytes(keyBytes);
  writeFileSync(`${file}.new`, `${key.toString('hex')}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return macKey(key);
}
