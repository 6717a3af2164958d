import type { ErrorCause } from '../../errors/index.ts';
import { quoted } from '../quoted.ts';

/**
 * What is wrong with a field, in the words of Kubernetes' field errors. `field` is the path from the root; '' is the
 * object itself, which Kubernetes calls `<nil>`. Source: `k8s.io/apimachinery/pkg/util/validation/field`.
 */
export function invalid(field: string, value: unknown, detail: string): ErrorCause {
  return cause('FieldValueInvalid', field, `Invalid value: ${shown(value)}`, detail);
}

export function typeInvalid(field: string, value: unknown, detail: string): ErrorCause {
  return cause('FieldValueTypeInvalid', field, `Invalid value: ${shown(value)}`, detail);
}

/** An invalid value that is too large to be shown. */
export function invalidOmitted(field: string, detail: string): ErrorCause {
  return cause('FieldValueInvalid', field, 'Invalid value', detail);
}

export function required(field: string, detail = ''): ErrorCause {
  return cause('FieldValueRequired', field, 'Required value', detail);
}

export function forbidden(field: string, detail: string): ErrorCause {
  return cause('FieldValueForbidden', field, 'Forbidden', detail);
}

export function duplicate(field: string, value: unknown): ErrorCause {
  return cause('FieldValueDuplicate', field, `Duplicate value: ${shown(value)}`);
}

export function duplicateOmitted(field: string): ErrorCause {
  return cause('FieldValueDuplicate', field, 'Duplicate value');
}

export function unsupported(field: string, value: unknown, supported: readonly string[]): ErrorCause {
  const values = supported.map(quoted).join(', ');
  const detail = supported.length === 0 ? '' : `supported values: ${values}`;
  return cause('FieldValueNotSupported', field, `Unsupported value: ${shown(value)}`, detail);
}

export function tooLong(field: string, maximum: number): ErrorCause {
  return cause('FieldValueTooLong', field, 'Too long', `may not be more than ${maximum} bytes`);
}

export function tooMany(field: string, actual: number, maximum: number): ErrorCause {
  return cause('FieldValueTooMany', field, `Too many: ${actual}`, `must have at most ${maximum} items`);
}

function cause(reason: string, field: string, message: string, detail = ''): ErrorCause {
  return { reason, message: detail === '' ? message : `${message}: ${detail}`, field: field === '' ? '<nil>' : field };
}

/** The path of a field below another; `''` is the root. */
export function child(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}

/** The path of an entry of a map: `spec.nodes[node-1]`. */
export function entry(path: string, key: string | number): string {
  return `${path}[${key}]`;
}

/** A value as field errors show it: strings quoted, numbers and booleans as Go prints them, all else as JSON. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return goNumber(value);
  return typeof value === 'boolean' ? String(value) : goJson(value);
}

/** A number as Go prints it: the exponent has at least two digits and stands from 1e-5 downwards. */
export function goNumber(value: number): string {
  const magnitude = Math.abs(value);
  const text = magnitude !== 0 && magnitude < 1e-4 ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A value whose fields Go has in an order of their own: it is shown with its keys as they are. */
export class InOrder {
  readonly value: object;

  constructor(value: object) {
    this.value = value;
  }
}

/** JSON as Go writes it: keys in order, `<`, `>` and `&` escaped. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(sorted(value)) ?? 'null';
  return text.replace(/[<>&\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function sorted(value: unknown): unknown {
  if (value instanceof InOrder) return value.value;
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
