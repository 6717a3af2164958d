import { BerthError } from '../errors/index.ts';
import { clone, type Data, isData, own, put, sameData } from './data.ts';
import { goTypeOf, inapplicable } from './refusals.ts';

const maximumOperations = 10_000;
/** What all `copy` operations of one patch may add up to, in bytes. */
const maximumCopied = 3 * 1024 * 1024;

/**
 * Applies a JSON Patch (RFC 6902) and answers the result; `original` stays as it is. Where kube-apiserver is more
 * lenient than the RFC, so is this: `replace` sets what is not there, negative indices count from a list's end, and a
 * `test` for null passes where there is nothing.
 *
 * Throws `BadRequest` for what is no list of operations, `Invalid` (422) for one that does not apply or whose `test`
 * fails, `RequestEntityTooLarge` for more than 10,000 operations.
 */
export function applyJsonPatch<T>(original: T, patch: unknown): T {
  if (patch === null) return original;
  if (!Array.isArray(patch)) throw undecodable(patch, 'Go value of type []handlers.jsonPatchOp');
  if (patch.length > maximumOperations) {
    throw new BerthError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${maximumOperations}, got ${patch.length}`,
    );
  }
  const operations = patch.map(readOperation);
  const document: Document = { root: clone(original) as unknown, copied: 0 };
  for (const operation of operations) {
    try {
      apply(document, operation);
    } catch (error) {
      throw error instanceof RangeError ? error : inapplicable(error);
    }
  }
  return document.root as T;
}

interface Operation {
  op: string;
  path: string | undefined;
  from: string | undefined;
  value: unknown;
}

function readOperation(operation: unknown): Operation {
  if (operation !== null && !isData(operation)) throw undecodable(operation, 'Go value of type handlers.jsonPatchOp');
  const text = (field: string): string | undefined => {
    const value = operation === null ? undefined : own(operation, field);
    if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
    throw undecodable(value, `Go struct field jsonPatchOp.${field} of type string`);
  };
  const value = operation === null ? null : own(operation, 'value');
  return { op: text('op') ?? 'unknown', path: text('path'), from: text('from'), value: value ?? null };
}

function undecodable(value: unknown, where: string): BerthError {
  const type = Array.isArray(value) ? 'array' : isData(value) ? 'object' : typeof value;
  const named = type === 'boolean' ? goTypeOf(value) : type;
  return new BerthError('BadRequest', `error decoding patch: json: cannot unmarshal ${named} into ${where}`);
}

interface Document {
  root: unknown;
  copied: number;
}

/** A container and what it is asked for. */
interface Place {
  parent: Data | unknown[];
  key: string;
}

function apply(document: Document, operation: Operation): void {
  const { op, value } = operation;
  const path = operation.path;
  if (op === 'move' || op === 'copy') {
    const from = placeOf(document, operation.from);
    const moved = get(from);
    if (op === 'move') remove(from);
    const to = placeOf(document, path);
    if (op === 'copy') countCopied(document, moved);
    add(to, op === 'copy' ? clone(moved) : moved);
    return;
  }
  if (op === 'add') add(placeOf(document, path), clone(value));
  else if (op === 'remove') remove(placeOf(document, path));
  else if (op === 'replace') {
    if (path !== '') replace(placeOf(document, path), clone(value));
    else if (isData(value) || Array.isArray(value)) document.root = clone(value);
    else throw new Error('replace operation value must be object or array');
  } else if (op === 'test') {
    const found = path === '' ? document.root : get(placeOf(document, path));
    if (!sameData(found ?? null, value)) throw new Error(`testing value ${path} failed`);
  } else throw new Error(`Unexpected kind: ${op}`);
}

function countCopied(document: Document, value: unknown): void {
  document.copied += Buffer.byteLength(JSON.stringify(value ?? null));
  if (document.copied > maximumCopied) throw new Error('the copy operations of the patch add up to too much');
}

/** Where a JSON pointer (RFC 6901) leads: all of it but the last step has to be there. */
function placeOf(document: Document, pointer: string | undefined): Place {
  if (pointer === undefined) throw new Error('missing value');
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = steps.pop();
  if (key === undefined) throw new Error(`doc is missing path: ${pointer}`);
  let parent = document.root;
  for (const step of steps) parent = isContainer(parent) ? get({ parent, key: step }) : undefined;
  if (!isContainer(parent)) throw new Error(`doc is missing path: ${pointer}`);
  return { parent, key };
}

function isContainer(value: unknown): value is Data | unknown[] {
  return isData(value) || Array.isArray(value);
}

/** The index of an element that is there, or, with `places` one more than elements, of where one may go. */
function indexOf(key: string, places: number): number {
  const index = /^[+-]?\d{1,15}$/.test(key) ? Number(key) : Number.NaN;
  const at = index < 0 ? index + places : index;
  if (!(at >= 0 && at < places)) throw new Error(`Unable to access invalid index: ${key}`);
  return at;
}

function get({ parent, key }: Place): unknown {
  return Array.isArray(parent) ? parent[indexOf(key, parent.length)] : own(parent, key);
}

function add({ parent, key }: Place, value: unknown): void {
  if (!Array.isArray(parent)) put(parent, key, value ?? null);
  else if (key === '-') parent.push(value ?? null);
  else parent.splice(indexOf(key, parent.length + 1), 0, value ?? null);
}

function replace({ parent, key }: Place, value: unknown): void {
  if (Array.isArray(parent)) parent[indexOf(key, parent.length)] = value;
  else put(parent, key, value);
}

function remove({ parent, key }: Place): void {
  if (Array.isArray(parent)) parent.splice(indexOf(key, parent.length), 1);
  else if (Object.hasOwn(parent, key)) delete parent[key];
  else throw new Error(`Unable to remove nonexistent key: ${key}`);
}
