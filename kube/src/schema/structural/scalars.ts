import type { RE2JS } from 're2js';
import { quoted } from '../quoted.ts';
import type { Schema } from '../types.ts';
import { goNumber } from './causes.ts';
import { type Fault, Outcome } from './faults.ts';
import { formatCheck } from './formats.ts';

const largestInteger = 2 ** 63;

/** A number that Go would have as an integer. */
export function isInteger(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < largestInteger;
}

/** A type in JSON Schema's words. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function wrongType(name: string, expected: string, found: string): Fault {
  const message = `${name} in body must be of type ${expected}: ${quoted(found)}`;
  return { type: 'type', name, value: found, message };
}

/** Whether the value has the schema's type; undefined when the schema demands none. */
export function checkType(schema: Schema, value: unknown, name: string): Outcome | undefined {
  const types = typesOf(schema);
  const format = formatCheck(schema.format) === undefined ? '' : (schema.format ?? '');
  if (types.length === 0 && format === '') return undefined;
  const outcome = new Outcome();
  const found = typeOf(value);
  if (value === null) {
    if (types.length > 0 && schema.nullable !== true) outcome.add(wrongType(name, types.join(','), 'null'));
    else outcome.matched++;
    return outcome;
  }
  const fits =
    types.includes(found) ||
    (found === 'number' && types.includes('integer') && isAlmostInteger(value as number)) ||
    (found === 'integer' && types.includes('number'));
  const isText = found === 'string' || found === 'array';
  if (!isText && format !== '' && !fits) {
    outcome.add(wrongType(name, format, formatsOfNumbers[found] ?? ''));
  } else if (isText && format !== '' && !types.includes('number') && !types.includes('integer')) {
    outcome.matched++;
  } else if (fits) {
    outcome.matched++;
  } else {
    outcome.add(wrongType(name, types.join(','), found));
  }
  return outcome;
}

const formatsOfNumbers: Readonly<Record<string, string>> = { integer: 'int64', number: 'float64' };

function typesOf(schema: Schema): readonly string[] {
  if (schema['x-kubernetes-int-or-string'] === true) return ['integer', 'string'];
  return schema.type === undefined ? [] : [schema.type];
}

/** Rounding errors are forgiven: 3.0000000000000004 is an integer. */
function isAlmostInteger(value: number): boolean {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return false;
  if (Number.isInteger(value)) return true;
  if (value < 0) return false;
  const whole = Math.trunc(value);
  return Math.abs(value - whole) / (Math.abs(value) + whole) < 1e-9;
}

export function checkString(
  schema: Schema,
  value: string,
  name: string,
  patternOf: (pattern: string) => RE2JS | string,
): Fault | undefined {
  const { maxLength, minLength, pattern } = schema;
  if (maxLength !== undefined && value.length > maxLength && lengthOf(value) > maxLength) {
    const message = `${name} in body should be at most ${maxLength} chars long`;
    return { type: 'too-long', name, maximum: maxLength, message };
  }
  if (minLength !== undefined && (value.length < minLength || lengthOf(value) < minLength)) {
    return { type: 'invalid', name, value, message: `${name} in body should be at least ${minLength} chars long` };
  }
  if (pattern === undefined || pattern === '') return undefined;
  const compiled = patternOf(pattern);
  if (typeof compiled === 'string') {
    const message = `${name} in body should match '${pattern}, but pattern is invalid: ${compiled}'`;
    return { type: 'invalid', name, value, message };
  }
  if (compiled.matcher(value).find()) return undefined;
  return { type: 'invalid', name, value, message: `${name} in body should match '${pattern}'` };
}

/** In characters as Go counts them, not in UTF-16 units. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

export function checkFormat(schema: Schema, value: string, name: string): Fault | undefined {
  const format = schema.format ?? '';
  return formatCheck(format)?.(value) === false ? wrongType(name, format, value) : undefined;
}

export function checkNumber(schema: Schema, value: number, name: string): Outcome {
  const outcome = new Outcome();
  outcome.matched++;
  const whole = isInteger(value);
  const bound = (limit: number) => (whole ? Math.trunc(limit) : limit);
  const wrong = (words: string) => outcome.add({ type: 'invalid', name, value, message: `${name} in body ${words}` });
  const { multipleOf, minimum, maximum } = schema;
  if (multipleOf !== undefined) {
    const factor = bound(multipleOf);
    if (factor <= 0) {
      const message = `factor MultipleOf declared for ${name} must be positive: ${goNumber(factor)}`;
      outcome.add({ type: 'invalid', name, value: factor, message });
    } else if (!isMultiple(value, factor)) {
      wrong(`should be a multiple of ${goNumber(factor)}`);
    }
  }
  if (minimum !== undefined) {
    const limit = bound(minimum);
    if (schema.exclusiveMinimum === true) {
      if (value <= limit) wrong(`should be greater than ${goNumber(limit)}`);
    } else if (value < limit) wrong(`should be greater than or equal to ${goNumber(limit)}`);
  }
  if (maximum !== undefined) {
    const limit = bound(maximum);
    if (schema.exclusiveMaximum === true) {
      if (value >= limit) wrong(`should be less than ${goNumber(limit)}`);
    } else if (value > limit) wrong(`should be less than or equal to ${goNumber(limit)}`);
  }
  return outcome;
}

function isMultiple(value: number, factor: number): boolean {
  if (isInteger(value) && isInteger(factor)) return value % factor === 0;
  return isAlmostInteger(Math.abs(factor < 1 ? (1 / factor) * value : value / factor));
}
