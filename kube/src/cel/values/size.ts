import type { Meter } from '../evaluate/meter.ts';
import { List, Mapping, Opaque, Optional, type Value } from './value.ts';

/** Characters (code points), bytes, elements or entries; 1 for what has no size. What costs are computed from. */
export function sizeOf(value: Value | undefined, meter: Meter): number {
  if (typeof value === 'string') return characters(value, meter);
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof List || value instanceof Mapping) return value.size;
  if (value instanceof Optional && value.value !== undefined) return sizeOf(value.value, meter);
  if (value instanceof Opaque) return value.size;
  return 1;
}

/** Code points. Long texts are counted once for each evaluation, or a loop over one would read it each time. */
export function characters(text: string, meter: Meter): number {
  if (text.length < 256) return count(text);
  const known = meter.sizes.get(text);
  if (known !== undefined) return known;
  meter.work(text.length / 8);
  const found = count(text);
  meter.sizes.set(text, found);
  return found;
}

function count(text: string): number {
  let pairs = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(index + 1);
    if (next >= 0xdc00 && next <= 0xdfff) pairs += 1;
  }
  return text.length - pairs;
}
