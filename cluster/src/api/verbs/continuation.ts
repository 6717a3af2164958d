import path from 'node:path';
import type { Revision } from '../../store/index.ts';
import { badRequest } from '../faults.ts';

/** Where the next page of a list begins. */
export interface Continuation {
  /** The revision of all pages; undefined for the newest, whatever the pages before were of. */
  revision: Revision | undefined;
  /** The key behind which it begins. */
  after: string;
}

const version = 'meta.k8s.io/v1';
/** Stands in a token for the newest revision. */
const newest = -1;

/** The token of a place in the list of all keys with `prefix`, which ends with a slash. Source: `EncodeContinue` of apiserver's `storage`. */
export function writeContinuation({ revision, after }: Continuation, prefix: string): string {
  // The smallest key behind `after`.
  const start = `${after.slice(prefix.length - 1)}\0`;
  return Buffer.from(JSON.stringify({ v: version, rv: revision ?? newest, start })).toString('base64url');
}

/**
 * The place that a token names among the keys with `prefix`, or `BadRequest`. A token says nothing of the list that it is
 * of, and must not lead out of this one. Source: `DecodeContinue` of apiserver's `storage`.
 */
export function readContinuation(token: string, prefix: string): Continuation {
  const { v, rv, start } = fieldsOf(decoded(token));
  if (v !== version) throw notValid(`server does not recognize this encoded version ${v}`);
  if (rv === 0) throw notValid('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (start === '') throw notValid('encoded start key empty (version meta.k8s.io/v1)');
  const rooted = start.startsWith('/') ? start : `/${start}`;
  if (cleaned(rooted) !== rooted) throw notValid(start);
  return { revision: rv < 0 ? undefined : rv, after: keyBefore(prefix + rooted.slice(1)) };
}

/** The key such that what is behind it begins with `key`. */
function keyBefore(key: string): string {
  if (key.endsWith('\0')) return key.slice(0, -1);
  // No other key is between: none holds this character.
  const last = key.length - 1;
  return `${key.slice(0, last)}${String.fromCharCode(key.charCodeAt(last) - 1)}\uffff`;
}

function cleaned(rooted: string): string {
  const normal = path.posix.normalize(rooted);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function decoded(token: string): string {
  const wrong = /[^A-Za-z0-9_-]/.exec(token)?.index ?? (token.length % 4 === 1 ? token.length - 1 : undefined);
  if (wrong !== undefined) throw notValid(`illegal base64 data at input byte ${wrong}`);
  return Buffer.from(token, 'base64url').toString();
}

function fieldsOf(text: string): { v: string; rv: number; start: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const found = /^Unexpected token '(.)'/u.exec((error as Error).message)?.[1];
    throw notValid(
      found === undefined
        ? 'unexpected end of JSON input'
        : `invalid character '${found}' looking for beginning of value`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (value === null) return { v: '', rv: 0, start: '' };
    throw notValid(`json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type storage.continueToken`);
  }
  const { v = '', rv = 0, start = '' } = value as Record<string, unknown>;
  if (typeof v !== 'string') throw wrongField(v, 'v', 'string');
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv)) throw wrongField(rv, 'rv', 'int64');
  if (typeof start !== 'string') throw wrongField(start, 'start', 'string');
  return { v, rv, start };
}

function wrongField(value: unknown, field: string, type: string) {
  const what = typeof value === 'number' && type === 'int64' ? `number ${value}` : jsonTypeOf(value);
  return notValid(`json: cannot unmarshal ${what} into Go struct field continueToken.${field} of type ${type}`);
}

function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function notValid(why: string) {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
