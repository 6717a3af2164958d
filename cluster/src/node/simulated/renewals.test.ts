import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startRenewals } from './renewals.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const names = Array.from({ length: 5000 }, (_, index) => `node-${index}`);

function counted() {
  const times = new Map<string, number>();
  return { times, renew: (name: string) => void times.set(name, (times.get(name) ?? 0) + 1) };
}

test('every node is asked for in its turn, four times in a lease', () => {
  const { times, renew } = counted();
  const three = names.slice(0, 3);
  const renewals = startRenewals(three, { leaseMs: 40_000, renew });
  vi.advanceTimersByTime(40_100);
  expect([...times.values()]).toEqual([4, 4, 4]);
  renewals.stop();
  vi.advanceTimersByTime(40_000);
  expect([...times.values()]).toEqual([4, 4, 4]);
});

test('thousands are asked for before any lease runs out', () => {
  const { times, renew } = counted();
  startRenewals(names, { leaseMs: 40_000, renew });
  vi.advanceTimersByTime(25_100);
  expect(times.size).toBe(5000);
});

test('what was due while the process was busy is made up for, once', () => {
  const { times, renew } = counted();
  startRenewals(names, { leaseMs: 40_000, renew });
  // The loop came around once in half a minute.
  vi.setSystemTime(Date.now() + 30_000);
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 30_000);
  vi.advanceTimersByTime(50);
  expect(times.size).toBe(5000);
  expect(new Set(times.values())).toEqual(new Set([1]));
});

test('no nodes, no renewals', () => {
  const { times, renew } = counted();
  startRenewals([], { leaseMs: 40_000, renew });
  vi.advanceTimersByTime(60_000);
  expect(times.size).toBe(0);
});
