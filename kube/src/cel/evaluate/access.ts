import { Uint } from '../values/scalar.ts';
import { List, Mapping, none, Optional, typeNameOf, type Value } from '../values/value.ts';
import { caught, Failure } from './failure.ts';
import type { Meter } from './meter.ts';

/** `value.field` and `value[key]`; a failure where there is nothing. */
export function select(value: Value, key: Value, meter: Meter): Value | Failure {
  if (value instanceof Optional) return selectOptional(value, key, meter);
  const found = lookUp(value, key, meter);
  if (found !== undefined) return found;
  if (value instanceof List) return new Failure(`index out of bounds: ${keyPrinted(key)}`);
  return new Failure(`no such key: ${keyPrinted(key)}`);
}

/** `value.?field` and `value[?key]`: absent where there is nothing. */
export function selectOptional(value: Value, key: Value, meter: Meter): Optional | Failure {
  if (value instanceof Optional) return value.value === undefined ? none : selectOptional(value.value, key, meter);
  const found = lookUp(value, key, meter);
  if (found instanceof Failure) return found;
  return found === undefined ? none : new Optional(found);
}

/** `has(value.field)` */
export function isPresent(value: Value, field: string): boolean {
  if (value instanceof Optional) return value.value !== undefined && isPresent(value.value, field);
  return value instanceof Mapping && value.has(field);
}

function lookUp(value: Value, key: Value, meter: Meter): Value | Failure | undefined {
  if (value instanceof Mapping) return caught(() => value.get(key));
  if (!(value instanceof List)) return undefined;
  const index = indexOf(key);
  if (index instanceof Failure) return index;
  if (index < 0 || index >= value.size) return undefined;
  meter.work(1);
  return caught(() => value.at(index));
}

function indexOf(key: Value): number | Failure {
  if (typeof key === 'bigint') return Number(key);
  if (key instanceof Uint) return Number(key.value);
  if (typeof key === 'number' && Number.isInteger(key)) return key;
  if (typeof key === 'number') return new Failure(`unsupported index value ${key} in list`);
  return new Failure(`unsupported index type '${typeNameOf(key)}' in list`);
}

function keyPrinted(key: Value): string {
  return key instanceof Uint ? String(key.value) : String(key);
}
