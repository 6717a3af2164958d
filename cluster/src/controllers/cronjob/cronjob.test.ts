import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe, expect, test } from 'vitest';
import { cronJobController } from './index.ts';
import { parseSchedule } from './schedule.ts';

const after = (schedule: string, from: string, timeZone?: string) => {
  const next = parseSchedule(schedule, timeZone).next(Date.parse(from));
  return next === undefined ? undefined : new Date(next).toISOString().slice(0, 16);
};

describe('a schedule', () => {
  test.each([
    ['*/15 * * * *', '2026-01-01T00:14:59Z', '2026-01-01T00:15'],
    ['*/15 * * * *', '2026-01-01T00:15:00Z', '2026-01-01T00:30'],
    ['5/20 * * * *', '2026-01-01T00:26:00Z', '2026-01-01T00:45'],
    ['0 9-17/4 * * mon-fri', '2026-01-02T17:30:00Z', '2026-01-05T09:00'],
    ['30 4 1,15 * 5', '2026-01-02T05:00:00Z', '2026-01-09T04:30'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00'],
    ['0 12 * jan,DEC 7', '2026-02-01T00:00:00Z', '2026-12-06T12:00'],
    ['@weekly', '2026-01-01T00:00:00Z', '2026-01-04T00:00'],
    ['0 0 31 2 *', '2026-01-01T00:00:00Z', undefined],
  ])('%s after %s', (schedule, from, wanted) => expect(after(schedule, from)).toBe(wanted));

  test('in a time zone; what the clock jumps over never comes', () => {
    expect(after('0 8 * * *', '2026-01-01T00:00:00Z', 'Asia/Taipei')).toBe('2026-01-02T00:00');
    expect(after('30 2 29 3 *', '2026-01-01T00:00:00Z', 'Europe/Berlin')).toBe('2027-03-29T00:30');
    expect(after('0 12 29 3 *', '2026-03-01T00:00:00Z', 'Europe/Berlin')).toBe('2026-03-29T10:00');
  });

  test.each(['* * * *', '61 * * * *', '* * 0 * *', 'a * * * *', '*/0 * * * *', '5-1 * * * *'])(
    '%s cannot be read',
    (text) => expect(() => parseSchedule(text)).toThrow(/unparseable schedule/),
  );
});

test('the times are those of the library that Kubernetes uses, also on nights on which clocks change', () => {
  const file = new URL('golden/schedules.json.gz', import.meta.url);
  const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
    cases: { schedule: string; zone: string; from: string; next: string[] | null }[];
  };
  expect(cases.length).toBeGreaterThan(1000);
  for (const { schedule, zone, from, next } of cases) {
    const parsed = parseSchedule(schedule, zone);
    const times: string[] = [];
    for (let time = parsed.next(Date.parse(from)); time !== undefined && times.length < 4; time = parsed.next(time)) {
      times.push(new Date(time).toISOString().replace('.000Z', 'Z'));
    }
    expect(times, `${schedule} in ${zone} after ${from}`).toEqual(next ?? []);
  }
});

describe('a cron job', () => goldenTests(`${import.meta.dirname}/golden`, cronJobController));
