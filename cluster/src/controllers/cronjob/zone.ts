import { BerthError } from '@berth/kube/errors';

const minute = 60_000;

/** A time zone: what its clocks show. Times on the wall are kept as if they were UTC, in milliseconds. */
export interface Zone {
  /** The zone's distance from UTC at a moment. */
  offset(moment: number): number;
  wall(moment: number): number;
  /** The moment at which the wall shows this; of a time that is skipped or comes twice one of the two, as Go's `time.Date` has it. */
  moment(wall: number): number;
}

/** A zone by its IANA name. Throws `BadRequest` for one that nobody knows. */
export function zoneOf(name: string): Zone {
  const offset = offsetsOf(name);
  return {
    offset,
    wall: (moment) => moment + offset(moment),
    moment(wall) {
      const guess = offset(wall);
      const moment = wall - guess;
      return offset(moment) === guess ? moment : wall - offset(moment);
    },
  };
}

/** RFC 3339 with the zone's own offset: `2026-01-01T08:00:00+08:00`. */
export function rfc3339In(zone: Zone, moment: number): string {
  const text = new Date(zone.wall(moment)).toISOString().slice(0, 19);
  const minutes = Math.trunc(zone.offset(moment) / minute);
  if (minutes === 0) return `${text}Z`;
  const twoDigits = (value: number) => String(Math.abs(value)).padStart(2, '0');
  return `${text}${minutes < 0 ? '-' : '+'}${twoDigits(Math.trunc(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

function offsetsOf(timeZone: string): (moment: number) => number {
  if (timeZone === '' || timeZone === 'UTC' || timeZone === 'Etc/UTC') return () => 0;
  const twoDigit = '2-digit';
  let format: Intl.DateTimeFormat;
  try {
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
  // Clocks change at full quarters of an hour.
  const known = new Map<number, number>();
  return (moment) => {
    const quarter = Math.floor(moment / (15 * minute));
    const offset = known.get(quarter) ?? offsetAt(moment);
    known.set(quarter, offset);
    return offset;
  };

  function offsetAt(moment: number): number {
    const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wall - Math.floor(moment / 1000) * 1000;
  }
}
