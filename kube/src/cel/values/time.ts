import { Duration, Timestamp } from './scalar.ts';

const second = 1_000_000_000n;
const firstInstant = -62_135_596_800n * second;
const lastInstant = 253_402_300_799n * second + 999_999_999n;
const maxNanos = 2n ** 63n - 1n;

/** Whether an instant is one that CEL has: from the year 1 to the year 9999. */
export const isTimestamp = (nanos: bigint) => nanos >= firstInstant && nanos <= lastInstant;
/** Whether a span fits into Go's duration. */
export const isDuration = (nanos: bigint) => nanos >= -maxNanos - 1n && nanos <= maxNanos;

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})$/;

/** RFC 3339, to the nanosecond, or undefined when the text is no such instant. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 7).map(Number);
  const zone = match[8] === 'Z' ? [0, 0] : (match[8] ?? '').slice(1).split(':').map(Number);
  const [zoneHours = 0, zoneMinutes = 0] = zone;
  if (hours > 23 || minutes > 59 || seconds > 59 || zoneHours > 24 || zoneMinutes > 60) return undefined;
  const date = utcDate(year, month, day);
  if (date === undefined) return undefined;
  const fraction = BigInt((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
  const offset = (match[8]?.startsWith('-') ? -1 : 1) * (zoneHours * 60 + zoneMinutes);
  const local = BigInt(date / 1000 + hours * 3600 + (minutes - offset) * 60 + seconds);
  const nanos = local * second + fraction;
  return isTimestamp(nanos) ? new Timestamp(nanos, offset) : undefined;
}

/** A date alone (`format: date`), or undefined. */
export function parseDate(text: string): Timestamp | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const date = utcDate(Number(match[1]), Number(match[2]), Number(match[3]));
  return date === undefined ? undefined : new Timestamp(BigInt(date) * 1_000_000n);
}

/** Milliseconds of a day's start, or undefined for a day that the calendar does not have. */
function utcDate(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const same = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return same ? date.getTime() : undefined;
}

/** RFC 3339 in the zone that it was written in, with as many digits of a second as it takes. */
export function formatTimestamp(timestamp: Timestamp): string {
  const { offset } = timestamp;
  const { whole, rest } = wholeSeconds(timestamp.nanos);
  const date = new Date((Number(whole) + offset * 60) * 1000);
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`;
  return `${year}${date.toISOString().slice(-20, -5)}${fraction}${zoneText(offset)}`;
}

function zoneText(offset: number): string {
  if (offset === 0) return 'Z';
  const minutes = Math.abs(offset);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Seconds since 1970, rounded down. */
export function wholeSeconds(nanos: bigint): { whole: bigint; rest: bigint } {
  const rest = ((nanos % second) + second) % second;
  return { whole: (nanos - rest) / second, rest };
}

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: second,
  m: 60n * second,
  h: 3600n * second,
};

/** Go's `time.ParseDuration`: `1h30m`, `-1.5s`, `0`; undefined for anything else and what 64 bits do not hold. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^([+-]?)(.*)$/s.exec(text);
  const body = match?.[2] ?? '';
  if (body === '0') return new Duration(0n);
  if (body.length > 400 || !/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return undefined;
  let nanos = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of body.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = units[unit] ?? 0n;
    const digits = fraction.slice(0, 18);
    nanos += BigInt(whole === '' ? '0' : whole) * scale;
    if (digits !== '') nanos += (BigInt(digits) * scale) / 10n ** BigInt(digits.length);
  }
  const signed = match?.[1] === '-' ? -nanos : nanos;
  return isDuration(signed) ? new Duration(signed) : undefined;
}

/** `5400s`, `1.5s`: seconds, as CEL prints durations. */
export function formatDuration({ nanos }: Duration): string {
  const magnitude = nanos < 0n ? -nanos : nanos;
  const rest = magnitude % second;
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`;
  return `${nanos < 0n ? '-' : ''}${magnitude / second}${fraction}s`;
}
