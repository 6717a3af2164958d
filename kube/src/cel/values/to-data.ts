import type { Meter } from '../evaluate/meter.ts';
import { Duration, Timestamp, TypeValue, Uint } from './scalar.ts';
import { formatDuration, formatTimestamp } from './time.ts';
import { List, type Mapping, Opaque, Optional, type Value } from './value.ts';

/** What a plain value counts, in characters: a million of them are the most that one evaluation gives. */
const perValue = 20;

/** A value as plain data: see `CelProgram.evaluate`. What is shared in a value is written out, hence the meter. */
export function dataOf(value: Value, meter: Meter): unknown {
  meter.make(perValue);
  if (typeof value === 'bigint') return wholeNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint) return wholeNumber(value.value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof TypeValue) return value.name;
  if (value instanceof Optional) return value.value === undefined ? undefined : dataOf(value.value, meter);
  if (value instanceof Opaque) return value.plain();
  if (value instanceof List) {
    const items: unknown[] = [];
    for (const item of value) items.push(dataOf(item, meter));
    return items;
  }
  const entries: [string, unknown][] = [];
  for (const key of value.keys()) {
    const text = typeof key === 'string' ? key : String(dataOf(key, meter));
    entries.push([text, dataOf((value as Mapping).get(key) ?? null, meter)]);
  }
  return Object.fromEntries(entries);
}

function wholeNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
