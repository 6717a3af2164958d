import { BerthError } from '../errors/index.ts';
import { clone, type Data, isData, put } from './data.ts';

/**
 * Applies a JSON Merge Patch (RFC 7386) and answers the result; `original` stays as it is.
 * Throws `BadRequest` when the patch is not an object, since nothing else can patch an object of the API.
 */
export function applyMergePatch<T extends object>(original: T, patch: unknown): T {
  if (!isData(patch)) throw new BerthError('BadRequest', 'a merge patch must be an object');
  return merge(original, patch) as T;
}

function merge(target: unknown, patch: Data): Data {
  const result: Data = isData(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isData(value)) put(result, key, merge(Object.hasOwn(result, key) ? result[key] : undefined, value));
    else put(result, key, clone(value));
  }
  return result;
}
