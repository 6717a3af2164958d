import { fail } from '../evaluate/failure.ts';
import type { Meter } from '../evaluate/meter.ts';
import { sizeOf } from '../values/size.ts';
import { ArrayList, type List } from '../values/value.ts';
import { everything, reading, rewriting } from './costs.ts';
import { type CallCost, declare } from './declare.ts';
import { formatText } from './format-text.ts';
import { toPatterns } from './patterns.ts';

/** Positions are those of code points, not of UTF-16. */
function pointsOf(text: string, meter: Meter): string[] {
  meter.make(text.length);
  meter.work(text.length);
  return [...text];
}

const outOfRange = (index: bigint) => fail(`index out of range: ${index}`);

function charAt(text: string, index: bigint, meter: Meter): string {
  const points = pointsOf(text, meter);
  if (index < 0n || index > BigInt(points.length)) return outOfRange(index);
  return points[Number(index)] ?? '';
}

function indexOf(text: string, part: string, from: bigint, meter: Meter): bigint {
  if (part === '') return from;
  if (from < 0n) return outOfRange(from);
  const points = pointsOf(text, meter);
  if (from >= BigInt(points.length)) return -1n;
  const skipped = points.slice(0, Number(from)).join('').length;
  const found = text.indexOf(part, skipped);
  return found < 0 ? -1n : BigInt([...text.slice(0, found)].length);
}

function lastIndexOf(text: string, part: string, from: bigint, meter: Meter): bigint {
  if (part === '') return from;
  if (from < 0n) return outOfRange(from);
  const points = pointsOf(text, meter);
  if (from >= BigInt(points.length)) return -1n;
  const before = points.slice(0, Number(from)).join('').length;
  const found = text.lastIndexOf(part, before);
  return found < 0 ? -1n : BigInt([...text.slice(0, found)].length);
}

function substring(text: string, start: bigint, end: bigint | undefined, meter: Meter): string {
  const points = pointsOf(text, meter);
  const length = BigInt(points.length);
  if (end !== undefined && start > end) return fail(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > length) return outOfRange(start);
  if (end !== undefined && (end < 0n || end > length)) return outOfRange(end);
  return points.slice(Number(start), end === undefined ? undefined : Number(end)).join('');
}

/** Go's `strings.Replace`: an empty `part` is found before each character and at the end. */
function replace(text: string, part: string, by: string, most: bigint, meter: Meter): string {
  if (most === 0n || (part === by && part === '')) return text;
  const pieces = part === '' ? ['', ...pointsOf(text, meter)] : text.split(part);
  const places = part === '' ? pieces.length : pieces.length - 1;
  const times = most < 0n ? places : Number(most < BigInt(places) ? most : BigInt(places));
  meter.work(pieces.length);
  meter.make(text.length + times * by.length + pieces.length);
  if (part === '') return emptyReplaced(pieces.slice(1), by, times);
  return [pieces.slice(0, times + 1).join(by), ...pieces.slice(times + 1)].join(part);
}

function emptyReplaced(points: readonly string[], by: string, times: number): string {
  const head = points.slice(0, times).map((point) => by + point);
  return head.join('') + (times > points.length ? by : '') + points.slice(times).join('');
}

/** Go's `strings.SplitN`: at most `most` parts, the last being the rest; none when it is 0; all when negative. */
function split(text: string, separator: string, most: bigint, meter: Meter): List {
  if (most === 0n) return new ArrayList([]);
  meter.make(text.length + 1);
  const parts = separator === '' ? pointsOf(text, meter) : text.split(separator);
  if (most < 0n || BigInt(parts.length) <= most) return new ArrayList(parts);
  const kept = Number(most) - 1;
  return new ArrayList([...parts.slice(0, kept), parts.slice(kept).join(separator)]);
}

function join(list: List, separator: string): string {
  const parts: string[] = [];
  for (const item of list) parts.push(typeof item === 'string' ? item : fail(`join: invalid input: ${String(item)}`));
  return parts.join(separator);
}

/** A tenth of twice what will come out, computed before it is made. */
const joining: CallCost = ([list, separator], meter) => {
  let size = 0;
  let count = 0;
  for (const item of list as List) {
    meter.work(1);
    size += sizeOf(item, meter);
    count += 1;
  }
  size += Math.max(0, count - 1) * (separator === undefined ? 0 : sizeOf(separator, meter));
  meter.make(size);
  return Math.ceil(size * 2 * 0.1);
};

const quotes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function quote(text: string): string {
  let quoted = '';
  for (const character of text) quoted += quotes[character] ?? character;
  return `"${quoted}"`;
}

/** Go's `strings.TrimSpace`. No pattern, since one that ends with `$` would try every space of a long text. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text[start])) start += 1;
  while (end > start && isSpace(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

const isSpace = (character: string | undefined) => character !== undefined && /\p{White_Space}/u.test(character);

/** Texts. Source: cel-go's string extensions, version 2, and Kubernetes' `find` and `findAll`. */
export const strings = [
  declare('string.charAt(int): string', charAt),
  declare(
    'string.indexOf(string): int',
    (text: string, part: string, meter: Meter) => indexOf(text, part, 0n, meter),
    everything,
  ),
  declare('string.indexOf(string, int): int', indexOf, everything),
  declare('string.lastIndexOf(string): int', lastOf, everything),
  declare('string.lastIndexOf(string, int): int', lastIndexOf, everything),
  declare(
    'string.lowerAscii(): string',
    (text: string) => text.replace(/[A-Z]+/g, (found) => found.toLowerCase()),
    reading,
  ),
  declare(
    'string.upperAscii(): string',
    (text: string) => text.replace(/[a-z]+/g, (found) => found.toUpperCase()),
    reading,
  ),
  declare(
    'string.replace(string, string): string',
    (text: string, part: string, by: string, meter: Meter) => replace(text, part, by, -1n, meter),
    rewriting,
  ),
  declare('string.replace(string, string, int): string', replace, rewriting),
  declare(
    'string.split(string): list<string>',
    (text: string, separator: string, meter: Meter) => split(text, separator, -1n, meter),
    rewriting,
  ),
  declare('string.split(string, int): list<string>', split, rewriting),
  declare(
    'string.substring(int): string',
    (text: string, start: bigint, meter: Meter) => substring(text, start, undefined, meter),
    reading,
  ),
  declare('string.substring(int, int): string', substring, reading),
  declare('string.trim(): string', trim, reading),
  declare('list<string>.join(): string', (list: List) => join(list, ''), joining),
  declare('list<string>.join(string): string', join, joining),
  declare('string.format(list<dyn>): string', formatText, reading),
  declare('#strings.quote(string): string', quote, reading),
  ...toPatterns,
];

function lastOf(text: string, part: string, meter: Meter): bigint {
  const length = BigInt(sizeOf(text, meter));
  if (part === '') return length;
  return text.length < part.length ? -1n : lastIndexOf(text, part, length - 1n, meter);
}
