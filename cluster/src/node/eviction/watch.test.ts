import { expect, test } from 'vitest';
import type { Pressure } from './signals.ts';
import { watchPressure } from './watch.ts';

test('what a last look finds while the agent ends is not told any more', async () => {
  const over = new AbortController();
  let pressures: readonly Pressure[] = [];
  const told: unknown[] = [];
  await watchPressure({
    evictions: {
      pressures: () => pressures,
      async look() {
        pressures = ['MemoryPressure'];
        over.abort();
        return [];
      },
    },
    interval: 1,
    signal: over.signal,
    gone: () => Promise.resolve(),
    changed: (...change) => told.push(change),
    failed: (error) => told.push(error),
  });
  expect(told).toEqual([]);
});
