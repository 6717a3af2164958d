import { fail } from '../evaluate/failure.ts';
import type { Meter } from '../evaluate/meter.ts';
import { Duration, Timestamp, TypeValue, Uint } from '../values/scalar.ts';
import { formatDuration, formatTimestamp } from '../values/time.ts';
import { List, Mapping, typeNameOf, type Value } from '../values/value.ts';
import { formatDouble } from './conversions.ts';

const usualPrecision = 6;
/** Go's printing has no limit that matters here; JavaScript's has, and so has good sense. */
const mostPrecision = 100;

/** `'%s and %d'.format([…])`. Source: cel-go's `string.format`, of version 1 of the string extensions. */
export function formatText(template: string, args: List, meter: Meter): string {
  let out = '';
  let next = 0;
  const add = (text: string) => {
    meter.make(text.length);
    out += text;
  };
  for (let index = 0; index < template.length; index += 1) {
    const character = template[index] as string;
    if (character !== '%') {
      out += character;
      continue;
    }
    if (template[index + 1] === '%') {
      add('%');
      index += 1;
      continue;
    }
    if (next >= args.size) return fail(`index ${next} out of range`);
    const clause = /^(?:\.(\d*))?([\s\S]?)/.exec(template.slice(index + 1, index + 20));
    const precision = clause?.[1] === undefined ? usualPrecision : Number(clause[1]);
    add(formatClause(clause?.[2] ?? '', Math.min(precision, mostPrecision), args.at(next), meter));
    next += 1;
    index += clause?.[0].length ?? 0;
  }
  return out;
}

function formatClause(clause: string, precision: number, value: Value, meter: Meter): string {
  switch (clause) {
    case 's':
      return asText(value, meter);
    case 'd':
      return (
        integer(value) ??
        fail(`error during formatting: decimal clause can only be used on integers, was given ${typeNameOf(value)}`)
      );
    case 'f':
      return fixed(value, precision);
    case 'e':
      return scientific(value, precision);
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return (
        radix(value, 2) ??
        fail(
          `error during formatting: only integers and bools can be formatted as binary, was given ${typeNameOf(value)}`,
        )
      );
    case 'o':
      return (
        radix(value, 8) ??
        fail(`error during formatting: octal clause can only be used on integers, was given ${typeNameOf(value)}`)
      );
    case 'x':
      return hexadecimal(value);
    case 'X':
      return hexadecimal(value).toUpperCase();
    case '':
      return fail('could not parse formatting clause: unexpected end of string');
    default:
      return fail(`could not parse formatting clause: unrecognized formatting clause "${clause}"`);
  }
}

function integer(value: Value): string | undefined {
  return radix(value, 10);
}

function radix(value: Value, base: number): string | undefined {
  if (typeof value === 'bigint') return value.toString(base);
  return value instanceof Uint ? value.value.toString(base) : undefined;
}

function hexadecimal(value: Value): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  const message =
    'error during formatting: only integers, byte buffers, and strings can be formatted as hex, was given';
  return radix(value, 16) ?? fail(`${message} ${typeNameOf(value)}`);
}

const special: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

function doubleOf(value: Value, clause: string): number {
  if (typeof value === 'number') return value;
  const named = typeof value === 'string' ? special[value] : undefined;
  return (
    named ??
    fail(`error during formatting: ${clause} clause can only be used on doubles, was given ${typeNameOf(value)}`)
  );
}

const unbounded = (value: number) => (Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞');

/** With the thousands parted, as the English locale writes them. */
function fixed(value: Value, precision: number): string {
  const number = doubleOf(value, 'fixed-point');
  if (!Number.isFinite(number)) return unbounded(number);
  const digits = {
    minimumFractionDigits: precision,
    maximumFractionDigits: precision,
    roundingMode: 'halfEven',
  } as const;
  return new Intl.NumberFormat('en-US', digits).format(number);
}

/** With six digits always: cel-go takes the precision for a width here. */
function scientific(value: Value, width: number): string {
  const number = doubleOf(value, 'scientific');
  if (!Number.isFinite(number)) return unbounded(number).padStart(width);
  const [digits = '', power = '0'] = number.toExponential(usualPrecision).split('e');
  const exponent = Number(power);
  return `${digits}×10${superscript(exponent)}`.padStart(width);
}

const raised = '⁰¹²³⁴⁵⁶⁷⁸⁹';
function superscript(exponent: number): string {
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return (exponent < 0 ? '⁻' : '') + [...digits].map((digit) => raised[Number(digit)]).join('');
}

function asText(value: Value, meter: Meter): string {
  meter.work(1);
  if (value === null) return 'null';
  if (value instanceof List || value instanceof Mapping) return nested(value, meter);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return formatDouble(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof TypeValue) return value.name;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  const allowed = 'strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps';
  return fail(`error during formatting: string clause can only be used on ${allowed}, was given ${typeNameOf(value)}`);
}

/** Within a list or a map, texts stand in quotes and instants in their constructors. */
function nested(value: Value, meter: Meter): string {
  meter.work(1);
  if (value instanceof List) {
    const parts: string[] = [];
    for (const item of value) parts.push(nested(item, meter));
    return made(`[${parts.join(', ')}]`, meter);
  }
  if (value instanceof Mapping) {
    const parts: [string, string][] = [];
    for (const key of value.keys()) parts.push([nested(key, meter), nested(value.get(key) ?? null, meter)]);
    parts.sort(([a], [b]) => (a < b ? -1 : 1));
    return made(`{${parts.map(([key, item]) => `${key}:${item}`).join(', ')}}`, meter);
  }
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `b${JSON.stringify(Buffer.from(value).toString('utf8'))}`;
  if (typeof value === 'number')
    return Number.isFinite(value) ? value.toFixed(usualPrecision) : `"${formatDouble(value)}"`;
  if (value instanceof Timestamp) return `timestamp("${formatTimestamp(value)}")`;
  if (value instanceof Duration) return `duration("${formatDuration(value)}")`;
  return asText(value, meter);
}

function made(text: string, meter: Meter): string {
  meter.make(text.length);
  return text;
}
