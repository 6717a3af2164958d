import { expect, test } from 'vitest';
import { canonicalTime } from './time.ts';

/* What kube-apiserver v1.35.4 keeps and says. */

const seconds = '2006-01-02T15:04:05Z07:00';
const micro = '2006-01-02T15:04:05.000000Z07:00';

test.each([
  ['2026-01-01T00:00:00.9+02:00', 'seconds', '2025-12-31T22:00:00Z'],
  ['2026-01-01T00:00:00Z', 'seconds', '2026-01-01T00:00:00Z'],
  ['2026-01-01T0:00:00,5Z', 'seconds', '2026-01-01T00:00:00Z'],
  ['2024-02-29T00:00:00-24:30', 'seconds', '2024-03-01T00:30:00Z'],
  ['2026-01-01T00:00:00.123456+02:00', 'microseconds', '2025-12-31T22:00:00.123456Z'],
] as const)('%s to %s is %s', (text, precision, kept) => {
  expect(canonicalTime(text, precision)).toBe(kept);
});

test.each([
  ['', 'seconds', ` as "${seconds}": cannot parse "" as "2006"`],
  ['2026-01-01', 'seconds', ` as "${seconds}": cannot parse "" as "T"`],
  ['2026-1-01T00:00:00Z', 'seconds', ` as "${seconds}": cannot parse "1-01T00:00:00Z" as "01"`],
  ['2026-01-01t00:00:00z', 'seconds', ` as "${seconds}": cannot parse "t00:00:00z" as "T"`],
  ['2026-01-01T00:00:00+02', 'seconds', ` as "${seconds}": cannot parse "+02" as "Z07:00"`],
  ['2026-01-01T00:00:00Zx', 'seconds', ': extra text: "x"'],
  ['2026-13-01T00:00:00Z', 'seconds', ': month out of range'],
  ['2026-02-30T00:00:00Z', 'seconds', ': day out of range'],
  ['2026-01-01T24:00:00Z', 'seconds', ': hour out of range'],
  ['2026-01-01T00:00:60Z', 'seconds', ': second out of range'],
  ['2026-01-01T00:00:00+25:00', 'seconds', ': time zone offset hour out of range'],
  ['2026-01-01T00:00:00Z', 'microseconds', ` as "${micro}": cannot parse "Z" as ".000000"`],
  ['2026-01-01T00:00:00.1Z', 'microseconds', ` as "${micro}": cannot parse ".1Z" as ".000000"`],
  ['2026-01-01T00:00:00.1234567Z', 'microseconds', ` as "${micro}": cannot parse "7Z" as "Z07:00"`],
] as const)('%s to %s is refused', (text, precision, why) => {
  expect(() => canonicalTime(text, precision)).toThrow(`parsing time ${JSON.stringify(text)}${why}`);
});

test('every day of a year is itself, and no other is one', () => {
  for (const year of [2023, 2024]) {
    for (let month = 1; month <= 12; month++) {
      const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
      for (let day = 0; day <= 32; day++) {
        const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}T23:59:59Z`;
        const read = () => canonicalTime(text, 'seconds');
        if (day >= 1 && day <= days) expect(read()).toBe(text);
        else expect(read).toThrow('day out of range');
      }
    }
  }
});
