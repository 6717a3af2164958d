import { fail } from '../evaluate/failure.ts';
import type { Meter } from '../evaluate/meter.ts';
import type { Duration, Timestamp } from '../values/scalar.ts';
import { wholeSeconds } from '../values/time.ts';
import { declare } from './declare.ts';

const second = 1_000_000_000n;

/** The part of a date that a function answers with, of an instant shifted into the zone asked for. */
const parts: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDayOfYear: dayOfYear,
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDate: (date) => date.getUTCDate(),
  getDayOfWeek: (date) => date.getUTCDay(),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};

function dayOfYear(date: Date): number {
  const start = new Date(0);
  start.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start.getTime()) / 86_400_000);
}

function dateOf({ nanos }: Timestamp, zone: string, meter: Meter): Date {
  const { whole, rest } = wholeSeconds(nanos);
  const instant = Number(whole) * 1000 + Number(rest / 1_000_000n);
  return new Date(instant + offsetOf(zone, instant, meter));
}

/** Milliseconds that a zone (`Europe/Berlin`, `+02:00`, `-7:30`) is ahead of UTC at an instant. */
function offsetOf(zone: string, instant: number, meter: Meter): number {
  if (zone === '' || zone === 'UTC') return 0;
  const colon = zone.indexOf(':');
  if (colon < 0) return namedOffset(formatterOf(zone, meter), instant);
  const written = [zone.slice(0, colon), zone.slice(colon + 1)] as const;
  for (const number of written) {
    if (!/^[+-]?\d{1,9}$/.test(number)) fail(`strconv.Atoi: parsing ${JSON.stringify(number)}: invalid syntax`);
  }
  const [hours, minutes] = [Number(written[0]), Number(written[1])];
  return (zone.startsWith('-') ? hours * 60 - minutes : hours * 60 + minutes) * 60_000;
}

/** What knows a zone's history; dear to make, so that one evaluation makes it once. */
function formatterOf(zone: string, meter: Meter): Intl.DateTimeFormat {
  meter.work(300);
  const known = meter.zones.get(zone);
  if (known !== undefined) return known;
  meter.work(10_000);
  try {
    const formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    meter.zones.set(zone, formatter);
    return formatter;
  } catch {
    return fail(`unknown time zone ${zone}`);
  }
}

function namedOffset(formatter: Intl.DateTimeFormat, instant: number): number {
  const found = new Map(formatter.formatToParts(instant).map(({ type, value }) => [type, value]));
  const number = (part: Intl.DateTimeFormatPartTypes) => Number(found.get(part) ?? 0);
  const year = found.get('era') === 'BC' ? 1 - number('year') : number('year');
  const local = new Date(0);
  local.setUTCFullYear(year, number('month') - 1, number('day'));
  local.setUTCHours(number('hour'), number('minute'), number('second'));
  return local.getTime() - Math.floor(instant / 1000) * 1000;
}

const ofDuration: Readonly<Record<string, (nanos: bigint) => bigint>> = {
  getHours: (nanos) => nanos / (3600n * second),
  getMinutes: (nanos) => nanos / (60n * second),
  getSeconds: (nanos) => nanos / second,
  getMilliseconds: (nanos) => nanos / 1_000_000n,
};

/** The functions of timestamps and durations. */
export const time = [
  ...Object.entries(parts).flatMap(([name, part]) => [
    declare(`timestamp.${name}(): int`, (instant: Timestamp, meter: Meter) =>
      BigInt(part(dateOf(instant, 'UTC', meter))),
    ),
    declare(`timestamp.${name}(string): int`, (instant: Timestamp, zone: string, meter: Meter) =>
      BigInt(part(dateOf(instant, zone, meter))),
    ),
  ]),
  ...Object.entries(ofDuration).map(([name, part]) =>
    declare(`duration.${name}(): int`, (span: Duration) => part(span.nanos)),
  ),
];
