import { BerthError } from '@berth/kube/errors';
import { type Zone, zoneOf } from './zone.ts';

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
const second = 1000;
const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;
const horizon = 5;

/**
 * Reads a schedule as CronJob has it ("Schedule syntax" in the Kubernetes documentation), in a time zone by its IANA name; UTC when none is
 * given. `@every 1h30m` and a zone of its own (`TZ=…`) are read as well, as Kubernetes does. Throws `BadRequest` for what cannot be read.
 */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  const [, ownZone = timeZone, rest = text] = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/.exec(text.trim()) ?? [];
  const every = /^@every\s+(\S+)$/.exec(rest.trim())?.[1];
  if (every !== undefined) return constantDelay(text, every);
  const fields = (macros[rest.trim()] ?? rest).trim().split(/\s+/);
  const [minutes = '', hours = '', days = '', monthField = '', week = ''] = fields;
  if (fields.length !== 5) {
    throw unreadable(text, `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  const read = (field: string, least: number, most: number, names?: readonly string[]) =>
    valuesOf(text, field.toLowerCase(), least, most, names);
  return fieldSchedule(
    {
      minutes: read(minutes, 0, 59),
      hours: read(hours, 0, 23),
      days: read(days, 1, 31),
      months: read(monthField, 1, 12, ['', ...months]),
      weekdays: new Set([...read(week, 0, 7, weekdays)].map((value) => value % 7)),
      // When both are restricted either will do, as cron always had it.
      eitherDay: !isWhole(days) && !isWhole(week),
    },
    zoneOf(ownZone),
  );
}

function constantDelay(text: string, duration: string): Schedule {
  const units: Readonly<Record<string, number>> = { h: hour, m: minute, s: second, ms: 1, us: 0, ns: 0 };
  const parts = [...duration.matchAll(/([\d.]+)(h|ms|m|s|us|ns)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== duration) {
    throw unreadable(text, `failed to parse duration @every ${duration}`);
  }
  const total = parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (units[unit] ?? 0), 0);
  const delay = Math.max(second, Math.floor(total / second) * second);
  return { next: (after) => Math.floor(after / second) * second + delay };
}

interface Fields {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  days: ReadonlySet<number>;
  months: ReadonlySet<number>;
  weekdays: ReadonlySet<number>;
  eitherDay: boolean;
}

/**
 * Goes on in moments and looks at the wall: of a time that the clock is put forward over there is none, and one that comes twice is twice, as
 * the library that Kubernetes uses has it.
 */
function fieldSchedule(fields: Fields, zone: Zone): Schedule {
  const shown = (moment: number) => new Date(zone.wall(moment));
  const suits = (date: Date) => {
    const [byDay, byWeek] = [fields.days.has(date.getUTCDate()), fields.weekdays.has(date.getUTCDay())];
    return fields.eitherDay ? byDay || byWeek : byDay && byWeek;
  };
  const nextMonth = (date: Date) => zone.moment(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1));
  /** One day on, from midnight at first: where the clock skips midnight, the hour that came of it is kept. */
  const nextDay = (wall: number, fromMidnight: boolean) => {
    const moment = zone.moment(wall - (fromMidnight ? wall % day : 0) + day);
    const hours = shown(moment).getUTCHours();
    return hours === 0 ? moment : hours > 12 ? moment + (24 - hours) * hour : moment - hours * hour;
  };

  /** Undefined when the moment suits; else the next at which a larger field has changed or a smaller one may suit. */
  function step(moment: number, isFirst: boolean): number | undefined {
    const wall = zone.wall(moment);
    const date = new Date(wall);
    if (!fields.months.has(date.getUTCMonth() + 1)) return nextMonth(date);
    if (!suits(date)) return nextDay(wall, isFirst);
    if (!fields.hours.has(date.getUTCHours())) return moment - (isFirst ? wall % hour : 0) + hour;
    const suitsMinute = fields.minutes.has(date.getUTCMinutes()) && date.getUTCSeconds() === 0;
    return suitsMinute ? undefined : moment - (isFirst ? wall % minute : 0) + minute;
  }

  return {
    next(after) {
      let moment = Math.floor(after / second) * second + second;
      const last = shown(moment).getUTCFullYear() + horizon;
      for (let isFirst = true; shown(moment).getUTCFullYear() <= last; isFirst = false) {
        const next = step(moment, isFirst);
        if (next === undefined) return moment;
        moment = next;
      }
      return undefined;
    },
  };
}

/** Restricts nothing: a star, if need be with the step one, anywhere in the list. */
function isWhole(field: string): boolean {
  return field.split(',').some((part) => /^[*?](\/0*1)?$/.test(part));
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

function unreadable(text: string, why: string): BerthError {
  return new BerthError('BadRequest', `unparseable schedule ${JSON.stringify(text)}: ${why}`);
}
