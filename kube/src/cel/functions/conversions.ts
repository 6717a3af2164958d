import { fail } from '../evaluate/failure.ts';
import type { Meter } from '../evaluate/meter.ts';
import { Duration, Timestamp, TypeValue, Uint } from '../values/scalar.ts';
import { sizeOf } from '../values/size.ts';
import {
  formatDuration,
  formatTimestamp,
  isTimestamp,
  parseDuration,
  parseTimestamp,
  wholeSeconds,
} from '../values/time.ts';
import { typeNameOf, type Value } from '../values/value.ts';
import { reading } from './costs.ts';
import { declare } from './declare.ts';
import { int, uint } from './operators.ts';

const unconverted = (from: string, to: string) => fail(`type conversion error from '${from}' to '${to}'`);
const same = (value: Value) => value;
const truths = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const falsehoods = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function boolOf(text: string): boolean {
  if (truths.has(text)) return true;
  return falsehoods.has(text) ? false : unconverted('string', 'bool');
}

function doubleOf(text: string): number {
  if (text.length <= 1000 && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : unconverted('string', 'double');
  }
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special === null) return unconverted('string', 'double');
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function intOf(text: string): bigint {
  const digits = /^[+-]?(\d+)$/.exec(text)?.[1]?.replace(/^0+(?=\d)/, '');
  if (digits === undefined || digits.length > 19) return unconverted('string', 'int');
  const value = (text.startsWith('-') ? -1n : 1n) * BigInt(digits);
  return BigInt.asIntN(64, value) === value ? value : unconverted('string', 'int');
}

function uintOf(text: string): Uint {
  const digits = /^\d+$/.exec(text)?.[0].replace(/^0+(?=\d)/, '');
  if (digits === undefined || digits.length > 20) return unconverted('string', 'uint');
  const value = BigInt(digits);
  return BigInt.asUintN(64, value) === value ? new Uint(value) : unconverted('string', 'uint');
}

function truncated(value: number): bigint {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) return fail('integer overflow');
  return BigInt(Math.trunc(value));
}

function truncatedUnsigned(value: number): Uint {
  if (!Number.isFinite(value) || value < 0 || value >= 2 ** 64) return fail('unsigned integer overflow');
  return new Uint(BigInt(Math.trunc(value)));
}

function decoded(value: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return fail('invalid UTF-8 in bytes, cannot convert to string');
  }
}

/** Go's `%g`: an exponent from the seventh digit before the point on, and below a ten-thousandth. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return decimal(value);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** JavaScript writes small numbers with an exponent from 1e-7 on; all that come here are larger. */
const decimal = (value: number) => String(value);

function fromSeconds(seconds: bigint): Timestamp {
  const nanos = seconds * 1_000_000_000n;
  return isTimestamp(nanos) ? new Timestamp(nanos) : fail('timestamp overflow');
}

/** Conversions, and what every value has: a type and maybe a size. */
export const conversions = [
  declare('size(string): int', sized),
  declare('string.size(): int', sized),
  declare('size(bytes): int', sized),
  declare('bytes.size(): int', sized),
  declare('size(list<A>): int', sized),
  declare('list<A>.size(): int', sized),
  declare('size(map<A, B>): int', sized),
  declare('map<A, B>.size(): int', sized),
  declare('type(A): type<A>', (value: Value) => new TypeValue(typeNameOf(value))),
  declare('dyn(A): dyn', same),
  declare('bool(bool): bool', same),
  declare('bool(string): bool', boolOf),
  declare('bytes(bytes): bytes', same),
  declare('bytes(string): bytes', (text: string) => new Uint8Array(Buffer.from(text)), reading),
  declare('double(double): double', same),
  declare('double(int): double', (value: bigint) => Number(value)),
  declare('double(uint): double', (value: Uint) => Number(value.value)),
  declare('double(string): double', doubleOf),
  declare('duration(duration): duration', same),
  declare('duration(int): duration', (nanos: bigint) => new Duration(nanos)),
  declare('duration(string): duration', (text: string) => {
    return parseDuration(text) ?? unconverted('string', 'google.protobuf.Duration');
  }),
  declare('int(int): int', same),
  declare('int(uint): int', (value: Uint) => int(value.value)),
  declare('int(double): int', truncated),
  declare('int(duration): int', (value: Duration) => value.nanos),
  declare('int(timestamp): int', (value: Timestamp) => wholeSeconds(value.nanos).whole),
  declare('int(string): int', intOf),
  declare('uint(uint): uint', same),
  declare('uint(int): uint', (value: bigint) => uint(value)),
  declare('uint(double): uint', truncatedUnsigned),
  declare('uint(string): uint', uintOf),
  declare('string(string): string', same),
  declare('string(bool): string', (value: boolean) => String(value)),
  declare('string(bytes): string', decoded, reading),
  declare('string(double): string', formatDouble),
  declare('string(duration): string', formatDuration),
  declare('string(int): string', (value: bigint) => String(value)),
  declare('string(timestamp): string', formatTimestamp),
  declare('string(uint): string', (value: Uint) => String(value.value)),
  declare('timestamp(timestamp): timestamp', same),
  declare('timestamp(int): timestamp', fromSeconds),
  declare('timestamp(string): timestamp', (text: string) => {
    return parseTimestamp(text) ?? unconverted('string', 'google.protobuf.Timestamp');
  }),
];

function sized(value: Value, meter: Meter): bigint {
  return BigInt(sizeOf(value, meter));
}
