import { isDeepStrictEqual } from 'node:util';
import type { Meter } from '../evaluate/meter.ts';
import { Duration, Timestamp, TypeValue, Uint } from './scalar.ts';
import { List, Mapping, Opaque, Optional, type Value } from './value.ts';

/**
 * CEL's equality: numbers compare by value across their types, values of different types are unequal, lists of type `set`
 * and `map` compare without order. Every step is work for the meter, since nested values may be shared and huge.
 */
export function equal(a: Value, b: Value, meter: Meter): boolean {
  meter.work(1);
  if (isNumber(a)) return isNumber(b) && compareNumbers(a, b) === 0;
  if (typeof a !== 'object' || a === null) return a === b;
  if (typeof b !== 'object' || b === null) return false;
  if (a instanceof List) return b instanceof List && equalLists(a, b, meter);
  if (a instanceof Mapping) return b instanceof Mapping && equalMaps(a, b, meter);
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Uint8Array) {
    meter.work(a.length);
    return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  }
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false;
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equal(a.value, b.value, meter);
  }
  return a instanceof Opaque && b instanceof Opaque && a.typeName === b.typeName && a.equals(b);
}

function equalLists(a: List, b: List, meter: Meter): boolean {
  if (a.size !== b.size) return false;
  if (a.memberKey !== undefined) return equalByKey(a, b, a.memberKey, meter);
  for (let index = 0; index < a.size; index += 1) if (!equal(a.at(index), b.at(index), meter)) return false;
  return true;
}

function equalByKey(a: List, b: List, memberKey: (member: Value) => string | undefined, meter: Meter): boolean {
  meter.work(a.size + b.size);
  const others = new Map<string | undefined, Value>();
  for (const member of b) others.set(memberKey(member), member);
  for (const member of a) {
    const other = others.get(memberKey(member));
    if (other === undefined || !equal(member, other, meter)) return false;
  }
  return true;
}

function equalMaps(a: Mapping, b: Mapping, meter: Meter): boolean {
  if (a.size !== b.size || !sameHidden(a, b, meter)) return false;
  for (const key of a.keys()) {
    const other = b.get(key);
    if (other === undefined) return false;
    const own = a.get(key);
    if (own === undefined || !equal(own, other, meter)) return false;
  }
  return true;
}

/** Fields that expressions cannot see (preserved ones that no schema declares) count all the same. */
function sameHidden(a: Mapping, b: Mapping, meter: Meter): boolean {
  for (const [name, data] of a.hidden) {
    meter.work(1);
    if (b.hidden.has(name) && !isDeepStrictEqual(data, b.hidden.get(name))) return false;
  }
  return true;
}

export function isNumber(value: Value): value is bigint | number | Uint {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint;
}

/**
 * Negative, zero or positive; NaN when one of them is not a number. A whole number meets a double as one, as in cel-go:
 * past 2^53 it loses digits then.
 */
export function compareNumbers(a: bigint | number | Uint, b: bigint | number | Uint): number {
  const [left, right] = alike(a instanceof Uint ? a.value : a, b instanceof Uint ? b.value : b);
  if (left < right) return -1;
  return left > right ? 1 : Number.isNaN(Number(left)) || Number.isNaN(Number(right)) ? Number.NaN : 0;
}

function alike(a: bigint | number, b: bigint | number): readonly [bigint | number, bigint | number] {
  return typeof a === typeof b ? [a, b] : [Number(a), Number(b)];
}

/** The order of two values that can be ordered, or undefined when their types cannot be. NaN has no order either. */
export function compare(a: Value, b: Value): number | undefined {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp) return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  if (a instanceof Duration && b instanceof Duration) return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  return undefined;
}

/** By code points: UTF-16 puts the highest planes before the end of the lowest. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    const surrogates = Number(left >= 0xd800 && left < 0xe000) - Number(right >= 0xd800 && right < 0xe000);
    return surrogates !== 0 ? surrogates : left - right;
  }
  return a.length - b.length;
}
