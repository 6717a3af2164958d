import { expect, test } from 'vitest';
import { Allocation, staticBand } from './allocation.ts';

test('what is reserved goes to those who ask for it, and to others when all else is gone', () => {
  const allocation = new Allocation({ from: 10, to: 15, reserved: 2, shown: '10-15' }, 3);
  expect(allocation.take(14)).toBe(true);
  expect([1, 2, 3, 4, 5, 6].map(() => allocation.takeAny())).toEqual([15, 12, 13, 10, 11, undefined]);
  allocation.release(14);
  allocation.release(10);
  expect(allocation.free).toBe(2);
  expect([1, 2, 3].map(() => allocation.takeAny())).toEqual([14, 10, undefined]);
});

test.each([
  [2768, { least: 16, most: 128, share: 32 }, 86],
  [16, { least: 16, most: 128, share: 32 }, 0],
  [17, { least: 16, most: 128, share: 32 }, 16],
  [64_000, { least: 16, most: 128, share: 32 }, 128],
  [256, { least: 16, most: 256, share: 16 }, 16],
  [4096, { least: 16, most: 256, share: 16 }, 256],
])('of %i with %o: %i', (size, limits, band) => {
  expect(staticBand(size, limits)).toBe(band);
});
