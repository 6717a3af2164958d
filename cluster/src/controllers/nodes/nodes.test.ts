import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe, expect, test } from 'vitest';
import { nodeController, taintEvictionController } from './index.ts';
import { type Stopwatch, stopwatch } from './stopwatch.ts';

/** Every `now` in the golden files. */
const now = Date.parse('2026-01-01T01:00:00Z');
const still = { runs: () => true, forget() {}, keep() {} };

describe('what is believed of a node', () => {
  // As if each sign of life had been seen at the time that it says.
  const silence: Stopwatch = {
    ...still,
    elapsed: (_, state) => now - Math.max(...state.split(' ').map((time) => Date.parse(time) || 0)),
  };
  goldenTests(`${import.meta.dirname}/golden`, nodeController({ silence }));
});

describe('pods on a node with a taint that drives out, seen a minute ago', () => {
  goldenTests(`${import.meta.dirname}/golden-eviction`, taintEvictionController({ ...still, elapsed: () => 60_000 }));
});

test('a stopwatch starts with each new state, and forgets what nobody wants', () => {
  let time = 5;
  const watch = stopwatch(() => time);
  expect(watch.elapsed('a', 'x')).toBe(0);
  time = 12;
  expect(watch.elapsed('a', 'x')).toBe(7);
  expect(watch.elapsed('a', 'y')).toBe(0);
  watch.forget('a');
  expect(watch.runs('a')).toBe(false);
  for (let index = 0; index < 1500; index += 1) watch.elapsed(`k${index}`, '');
  watch.keep(() => ['k3']);
  expect([watch.runs('k3'), watch.runs('k4')]).toEqual([true, false]);
});
