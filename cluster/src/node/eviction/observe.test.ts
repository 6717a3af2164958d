import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { imageFilesystem, isApart, observeNode } from './observe.ts';

test('where the runtime names a place for images that is none here, they count as lying with the rest of the node', async () => {
  const imagePath = async () => join(tmpdir(), 'berth-no-such-place');
  const places = { directory: tmpdir(), runtime: { imageFilesystem: imagePath }, memoryBytes: 2 ** 30, now: () => 0 };
  const seen = await observeNode(places);
  expect(seen['imagefs.available']?.capacity).toBeGreaterThan(0);
  expect(seen['imagefs.available']?.capacity).toBe(seen['nodefs.available']?.capacity);
  expect(await imageFilesystem(places)).toBeDefined();
  expect(await isApart(places)).toBe(false);
});
