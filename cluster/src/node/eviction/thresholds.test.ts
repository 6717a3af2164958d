import { expect, test } from 'vitest';
import { requireHousekeeping } from '../housekeeping.ts';
import { type EvictionSettings, thresholdsOf, usualEviction } from './thresholds.ts';

const read = (settings: Partial<EvictionSettings>) => thresholdsOf({ ...usualEviction, ...settings });

test('thresholds are read as kubelet reads its flags', () => {
  expect(read({}).map(({ signal, grace }) => [signal, grace])).toEqual([
    ['memory.available', 0],
    ['nodefs.available', 0],
    ['nodefs.inodesFree', 0],
    ['imagefs.available', 0],
    ['imagefs.inodesFree', 0],
  ]);
  expect(read({ hard: '' })).toEqual([]);
  expect(read({ hard: 'nodefs.available<0%,imagefs.available<100%' })).toEqual([]);
  const soft = { hard: '', soft: 'memory.available<1Gi', softGracePeriod: 'memory.available=1m30s' };
  expect(read({ ...soft, minimumReclaim: 'memory.available=10%' })).toMatchObject([
    { signal: 'memory.available', grace: 90_000, minimumReclaim: { share: Math.fround(0.1) } },
  ]);
});

test.each<[Partial<EvictionSettings>, string]>([
  [{ hard: 'memory.available>1Gi' }, '"memory.available>1Gi" must look like memory.available<…'],
  [{ hard: 'swap.available<1Gi' }, '"swap.available" is none of memory.available, nodefs.available'],
  [{ hard: 'memory.available<a lot' }, 'memory.available: "a lot" is neither a quantity nor a percentage'],
  [{ hard: 'memory.available<101%' }, 'memory.available: "101%" is no percentage from 0 to 100'],
  [{ hard: 'memory.available<0' }, 'eviction threshold memory.available must be positive: 0'],
  [{ hard: 'memory.available<-1Gi' }, 'memory.available: -1Gi is negative'],
  [{ hard: 'memory.available<1Gi,memory.available<2Gi' }, 'memory.available is there twice'],
  [{ soft: 'memory.available<1Gi' }, 'grace period must be specified for the soft eviction threshold memory.available'],
  [{ softGracePeriod: 'memory.available=soon' }, 'memory.available: "soon" is no duration such as 1m30s'],
])('%j is refused', (settings, why) => {
  expect(() => read(settings)).toThrow(why);
  expect(() => requireHousekeeping({ eviction: settings })).toThrow(why);
});

test('images are not to go on until the disk is fuller than when they began to', () => {
  expect(() => requireHousekeeping({ imageGarbage: { highThreshold: 50 } })).toThrow(
    'image garbage: the low threshold, 80, is above the high one, 50',
  );
});
