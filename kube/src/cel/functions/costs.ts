import type { Meter } from '../evaluate/meter.ts';
import { sizeOf } from '../values/size.ts';
import { List, Mapping, type Value } from '../values/value.ts';
import type { CallCost } from './declare.ts';

/** Reading a text costs a tenth for each character; a regular expression is as many steps as a quarter of its length. */
const traversal = 0.1;
const patternStep = 0.25;

const tenth = (size: number) => Math.ceil(size * traversal);

/** Of reading the first argument once. */
export const reading: CallCost = (args, meter) => tenth(sizeOf(args[0], meter));
/** Of reading the first argument and writing as much. */
export const rewriting: CallCost = (args, meter) => tenth(2 * sizeOf(args[0], meter));
/** Of the shorter of two. */
export const shorter: CallCost = (args, meter) => tenth(Math.min(sizeOf(args[0], meter), sizeOf(args[1], meter)));
/** Of both. */
export const both: CallCost = (args, meter) => tenth(sizeOf(args[0], meter) + sizeOf(args[1], meter));
/** Of looking for the second in the first, at every place. */
export const searching: CallCost = (args, meter) => tenth(sizeOf(args[0], meter)) * tenth(sizeOf(args[1], meter));
/** Of matching the first argument with a pattern. */
export const matching: CallCost = (args, meter) => patternCost(sizeOf(args[0], meter), sizeOf(args[1], meter));
/** Of each element of the second argument. */
export const eachOfSecond: CallCost = (args, meter) => sizeOf(args[1], meter);
/** Of everything in the first argument, however nested. */
export const everything: CallCost = (args, meter) => whole(args[0] as Value, meter);

export function patternCost(textSize: number, patternSize: number): number {
  return tenth(1 + textSize) * Math.ceil(patternSize * patternStep);
}

function whole(value: Value, meter: Meter): number {
  meter.work(1);
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * traversal);
  if (value instanceof Uint8Array) return Math.floor(value.length * traversal);
  let cost = 0;
  if (value instanceof List) {
    for (const item of value) cost += whole(item, meter);
    return cost;
  }
  if (value instanceof Mapping) {
    for (const key of value.keys()) cost += whole(key, meter) + whole(value.get(key) ?? null, meter);
    return cost;
  }
  return 1;
}
