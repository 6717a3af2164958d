import { BerthError } from '../errors/index.ts';
import { isData } from './data.ts';

/** A patch that is well-formed and cannot be applied: Kubernetes says no more than this. */
export function inapplicable(cause?: unknown): BerthError {
  return new BerthError('Invalid', 'the server rejected our request due to an error in our request', { cause });
}

/** What Kubernetes answers with 500 and no reason, in its words: the fault is in the patch nevertheless. */
export function unexpected(message: string): BerthError {
  return new BerthError('InternalError', message, { retryable: false, status: { code: 500, reason: '' } });
}

/** What Go's decoder says of JSON that is no object. */
export function noObject(value: unknown): string {
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
}

/** A value as Go prints it. */
export function shownAsGo(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(shownAsGo).join(' ')}]`;
  if (!isData(value)) return String(value);
  const fields = Object.keys(value).sort();
  return `map[${fields.map((field) => `${field}:${shownAsGo(value[field])}`).join(' ')}]`;
}

/** The name of a JSON value's type in Go. */
export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  if (isData(value)) return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
