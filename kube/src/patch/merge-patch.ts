import { BerthError } from '../errors/index.ts';
import { clone, type Data, isData, put } from './data.ts';
import { noObject } from './refusals.ts';

/**
 * Applies a JSON Merge Patch (RFC 7386) and answers the result; `original` stays as it is.
 * Throws `BadRequest` when the patch is not an object, since nothing else can patch an object of the API.
 */
export function applyMergePatch<T extends object>(original: T, patch: unknown): T {
  if (patch === null) throw new BerthError('BadRequest', 'Invalid JSON Patch');
  if (!isData(patch)) throw new BerthError('BadRequest', `error decoding patch: ${noObject(patch)}`);
  return merge(original as Data, patch) as T;
}

function merge(target: Data, patch: Data): Data {
  const result: Data = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const present = Object.hasOwn(result, key) ? result[key] : undefined;
    if (value === null) delete result[key];
    else if (!isData(present)) put(result, key, withoutNulls(value));
    else put(result, key, isData(value) ? merge(present, value) : clone(value));
  }
  return result;
}

/** A new value: what it says to remove was not there. As kube-apiserver has it, that reaches into lists too. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isData(value)) return value;
  const kept: Data = {};
  for (const [key, item] of Object.entries(value)) if (item !== null) put(kept, key, withoutNulls(item));
  return kept;
}
