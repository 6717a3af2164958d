import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../temporary.ts';
import type { Store } from '../types.ts';
import { openLmdbStore } from './open.ts';

/** A file system of a few MiB in memory, as small as a disk that is about to be full. */
async function smallDisk(mebibytes: number): Promise<AsyncDisposable & { path: string }> {
  const directory = await temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', directory.path]);
  return {
    path: directory.path,
    async [Symbol.asyncDispose]() {
      execFileSync('umount', ['--lazy', directory.path]);
      await directory[Symbol.asyncDispose]();
    },
  };
}

const value = Buffer.alloc(50_000, 7);
const put = (store: Store, key: string) => store.commit([{ type: 'put', key, value }]);

/** Takes all room that the store leaves. */
function fillDisk(path: string): void {
  const { bavail, bsize } = statfsSync(path);
  writeFileSync(join(path, 'ballast'), Buffer.alloc(bavail * bsize));
}

test('a full disk fails writes and nothing else, and writes go on when there is room', async () => {
  await using disk = await smallDisk(8);
  const directory = join(disk.path, 'store');
  let store = await openLmdbStore({ directory });
  const kept: string[] = [];
  for (let index = 0; index < 20; index++) {
    await put(store, `/kept/${index}`);
    kept.push(`/kept/${index}`);
  }
  const watch = store.watch({ prefix: '/', after: store.revision });
  fillDisk(disk.path);
  const printed = vi.spyOn(console, 'error');

  const revision = store.revision;
  const pending = Array.from({ length: 30 }, (_, index) => put(store, `/lost/${index}`));
  // Decided on top of commits that fail: it cannot stand either.
  pending.push(store.commit([{ type: 'delete', key: '/lost/3' }]));
  for (const result of await Promise.allSettled(pending)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'InsufficientStorage' } });
  }
  await expect(put(store, '/lost/again')).rejects.toMatchObject({ code: 'InsufficientStorage' });
  expect(store.revision).toBe(revision);
  expect(store.list({ prefix: '/' }).entries.map(({ key }) => key)).toEqual(kept.toSorted());
  expect(store.list({ prefix: '/', revision: revision - 3 }).entries.length).toBe(17);
  await expect(store.snapshot(join(disk.path, 'snapshot'))).rejects.toMatchObject({ code: 'InsufficientStorage' });

  // The package prints what its own attempts say.
  expect(printed).not.toHaveBeenCalled();
  printed.mockRestore();

  await store.close();
  store = await openLmdbStore({ directory });
  expect(store.list({ prefix: '/' })).toMatchObject({ revision, remaining: 0 });
  await expect(put(store, '/lost/again')).rejects.toMatchObject({ code: 'InsufficientStorage' });

  rmSync(join(disk.path, 'ballast'));
  expect(await put(store, '/after')).toBe(revision + 1);
  await store.close();
  store = await openLmdbStore({ directory });
  expect(store.list({ prefix: '/' }).entries.map(({ key }) => key)).toEqual(['/after', ...kept.toSorted()]);
  watch.close();
  await store.close();
});

test('on a full disk a new store is refused with a clear error', async () => {
  await using disk = await smallDisk(1);
  fillDisk(disk.path);
  await expect(openLmdbStore({ directory: join(disk.path, 'store') })).rejects.toMatchObject({
    code: 'InsufficientStorage',
  });
});
