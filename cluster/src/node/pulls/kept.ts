import { readFile } from 'node:fs/promises';
import { BerthError } from '@berth/kube/errors';
import type { PulledRecord } from './records.ts';

/** What a node remembers of pulls, as it stands in its file. */
export interface Kept {
  /** Images that are being pulled. */
  pulling: string[];
  /** By the image's id. */
  pulled: Record<string, PulledRecord>;
}

/** What the file holds; nothing where there is none. Throws a `BerthError` that names it when it is damaged. */
export async function readKept(file: string): Promise<Kept> {
  try {
    const kept: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!isKept(kept)) throw new Error('its fields are others');
    return kept;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { pulling: [], pulled: {} };
    const why = cause instanceof Error ? cause.message : String(cause);
    const remedy = 'remove it, and every pod of the node may use the images that are there';
    throw new BerthError('InternalError', `${file} does not hold what is known of pulls (${why}): ${remedy}`, {
      cause,
    });
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';

function isKept(value: unknown): value is Kept {
  if (!isObject(value)) return false;
  const { pulling, pulled } = value;
  return Array.isArray(pulling) && pulling.every(isText) && isObject(pulled) && Object.values(pulled).every(isRecord);
}

function isRecord(value: unknown): value is PulledRecord {
  if (!isObject(value) || typeof value.changedAt !== 'number' || !isObject(value.access)) return false;
  return Object.values(value.access).every(
    (access) => access === 'everyone' || (Array.isArray(access) && access.every(isIdentity)),
  );
}

const isIdentity = (value: unknown): boolean =>
  isObject(value) && [value.uid, value.namespace, value.name, value.hash].every(isText);
