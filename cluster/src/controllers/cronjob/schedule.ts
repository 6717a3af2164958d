import { BerthError } from '@berth/kube/errors';

/** A schedule of five fields, read. `next` gives the first time after `after` (milliseconds since the epoch), if there is one in five years. */
export interface Schedule {
  next(after: number): number | undefined;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const minute = 60_000;
const day = 86_400_000;
const horizon = 5 * 366;

/**
 * Reads a schedule as CronJob has it ("Schedule syntax" in the Kubernetes documentation), in a time zone by its IANA name; UTC when none is
 * given. Throws `BadRequest` for what cannot be read.
 */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  const fields = (macros[text.trim()] ?? text).trim().split(/\s+/);
  const [minutes = '', hours = '', days = '', monthField = '', week = ''] = fields;
  if (fields.length !== 5) throw unreadable(text, `expected exactly 5 fields, found ${fields.length}`);
  const read = (field: string, least: number, most: number, names?: readonly string[]) =>
    valuesOf(text, field.toLowerCase(), least, most, names);
  const minuteSet = [...read(minutes, 0, 59)].sort((a, b) => a - b);
  const hourSet = [...read(hours, 0, 23)].sort((a, b) => a - b);
  const daySet = read(days, 1, 31);
  const monthSet = read(monthField, 1, 12, ['', ...months]);
  const weekSet = new Set([...read(week, 0, 7, weekdays)].map((value) => value % 7));
  // When both are restricted either will do, as cron always had it.
  const either = !isStar(days) && !isStar(week);
  const zone = zoneOf(timeZone);

  function matches(date: Date): boolean {
    if (!monthSet.has(date.getUTCMonth() + 1)) return false;
    const [byDay, byWeek] = [daySet.has(date.getUTCDate()), weekSet.has(date.getUTCDay())];
    return either ? byDay || byWeek : byDay && byWeek;
  }

  return {
    next(after) {
      // Times on the wall are kept as if they were UTC, and turned back at the end.
      const midnight = Math.floor((after + zone(after)) / day) * day;
      for (let passed = 0; passed < horizon; passed++) {
        const date = midnight + passed * day;
        if (!matches(new Date(date))) continue;
        for (const hour of hourSet) {
          for (const min of minuteSet) {
            const wall = date + hour * 60 * minute + min * minute;
            const time = toUtc(wall, zone);
            if (time !== undefined && time > after) return time;
          }
        }
      }
      return undefined;
    },
  };
}

function isStar(field: string): boolean {
  return field === '*' || field === '?';
}

function valuesOf(
  text: string,
  field: string,
  least: number,
  most: number,
  names: readonly string[] = [],
): Set<number> {
  const values = new Set<number>();
  const number = (part: string) => {
    const named = part === '' ? -1 : names.indexOf(part);
    const value = named >= 0 ? named : /^\d+$/.test(part) ? Number(part) : Number.NaN;
    if (!(value >= least && value <= most)) throw unreadable(text, `"${part}" is not between ${least} and ${most}`);
    return value;
  };
  for (const part of field.split(',')) {
    const [range = '', stepText] = part.split('/');
    const step = stepText === undefined ? 1 : Number(stepText);
    if (!Number.isInteger(step) || step < 1) throw unreadable(text, `"${stepText}" is not a step`);
    const [from = '', to] = range.split('-');
    const first = isStar(range) ? least : number(from);
    // A single value with a step runs on to the end: `5/15` is 5, 20, 35, 50.
    const last = isStar(range) || (to === undefined && stepText !== undefined) ? most : number(to ?? from);
    if (first > last) throw unreadable(text, `"${range}" ends before it begins`);
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}

/** The zone's distance from UTC at a moment, in milliseconds. */
function zoneOf(timeZone: string): (moment: number) => number {
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC') return () => 0;
  let format: Intl.DateTimeFormat;
  try {
    const twoDigit = '2-digit';
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: twoDigit,
      day: twoDigit,
      hour: twoDigit,
      minute: twoDigit,
      second: twoDigit,
    });
  } catch (cause) {
    throw new BerthError('BadRequest', `unknown time zone ${timeZone}`, { cause });
  }
  return (moment) => {
    const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wall - Math.floor(moment / 1000) * 1000;
  };
}

/** The moment when the wall shows this time; undefined when it never does, since the clock is put forward over it. */
function toUtc(wall: number, zone: (moment: number) => number): number | undefined {
  for (const guess of [wall - zone(wall), wall - zone(wall - zone(wall))]) {
    if (guess + zone(guess) === wall) return guess;
  }
  return undefined;
}

function unreadable(text: string, why: string): BerthError {
  return new BerthError('BadRequest', `unparseable schedule ${JSON.stringify(text)}: ${why}`);
}
