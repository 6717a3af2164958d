import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../temporary.ts';
import type { ListResult } from '../types.ts';
import { openLmdbStore } from './open.ts';
import { listSnapshots, restoreSnapshot, takeSnapshot } from './snapshots.ts';

/** A store of a few hundred keys with small and large values, history and free pages; returns its state. */
async function fill(directory: string): Promise<ListResult> {
  const store = await openLmdbStore({ directory });
  for (let round = 0; round < 6; round++) {
    const commits = Array.from({ length: 120 }, (_, index) => {
      const value = Buffer.alloc(50 + ((index * 409 + round * 31) % 9000), `${index} ${round} `);
      return store.commit([{ type: 'put', key: `/pods/${index}`, value }]);
    });
    await Promise.all(commits);
    if (round === 3) await store.compact(store.revision - 60);
  }
  const state = store.list({ prefix: '' });
  await store.close();
  return state;
}

function overwrite(file: string, offset: number, bytes: Uint8Array): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, bytes, 0, bytes.byteLength, offset);
  closeSync(descriptor);
}

describe('a damaged store file', () => {
  test('is refused in one sentence that names it and the newest snapshot, which can be restored', async () => {
    await using root = await temporaryDirectory();
    const directory = join(root.path, 'store');
    const snapshots = join(root.path, 'snapshots');
    const state = await fill(directory);
    const file = join(directory, 'store.mdb');
    const store = await openLmdbStore({ directory });
    const newest = await takeSnapshot({ store, snapshots, keep: 3, now: new Date() });
    await store.close();
    truncateSync(file, statSync(file).size >> 1);
    const opening = openLmdbStore({ directory });
    await expect(opening).rejects.toMatchObject({ code: 'InternalError', retryable: false });
    await expect(opening).rejects.toThrow(file);
    await expect(opening).rejects.toThrow(newest);
    restoreSnapshot({ snapshot: newest, directory, now: new Date() });
    const restored = await openLmdbStore({ directory });
    expect(restored.list({ prefix: '' })).toEqual(state);
    await restored.commit([{ type: 'put', key: '/after', value: Buffer.from('x') }]);
    await restored.close();
  });

  test('is refused, or holds what it held, wherever it was truncated, zeroed or overwritten', async () => {
    await using root = await temporaryDirectory();
    const state = await fill(join(root.path, 'store'));
    const whole = readFileSync(join(root.path, 'store', 'store.mdb'));
    const directory = join(root.path, 'damaged');
    const file = join(directory, 'store.mdb');
    mkdirSync(directory);
    let refused = 0;
    const damages = fc.record({
      offset: fc.nat(whole.byteLength - 1),
      length: fc.integer({ min: 1, max: 20_000 }),
      kind: fc.constantFrom('truncate', 'zero', 'garbage'),
      seed: fc.nat(255),
    });
    await fc.assert(
      fc.asyncProperty(damages, async ({ offset, length, kind, seed }) => {
        writeFileSync(file, whole);
        if (kind === 'truncate') truncateSync(file, offset);
        else {
          const bytes = Buffer.alloc(Math.min(length, whole.byteLength - offset));
          if (kind === 'garbage')
            for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 197 + seed * 31) ^ (at >> 3);
          overwrite(file, offset, bytes);
        }
        try {
          const store = await openLmdbStore({ directory });
          // The damage lay in pages that hold nothing.
          expect(store.list({ prefix: '' })).toEqual(state);
          expect(await store.commit([{ type: 'put', key: '/new', value: Buffer.alloc(9000, 1) }])).toBe(
            state.revision + 1,
          );
          await store.close();
        } catch (error) {
          expect(error).toMatchObject({ code: 'InternalError' });
          refused++;
        }
      }),
      { numRuns: 60 },
    );
    expect(refused).toBeGreaterThan(10);
  });

  test('is not taken for a new store when nothing of it is left', async () => {
    await using root = await temporaryDirectory();
    const directory = join(root.path, 'store');
    await fill(directory);
    truncateSync(join(directory, 'store.mdb'), 0);
    await expect(openLmdbStore({ directory })).rejects.toThrow(/is damaged .* there is no snapshot/);
  });
});

describe('snapshots', () => {
  test('are whole copies of one revision, and only so many are kept', async () => {
    await using root = await temporaryDirectory();
    const directory = join(root.path, 'store');
    const snapshots = join(root.path, 'snapshots');
    await fill(directory);
    const store = await openLmdbStore({ directory });
    for (let hour = 0; hour < 4; hour++) {
      const writing = store.commit([{ type: 'put', key: '/hour', value: Buffer.from(`${hour}`) }]);
      await takeSnapshot({ store, snapshots, keep: 2, now: new Date(Date.UTC(2026, 0, 1, hour)) });
      await writing;
    }
    await store.close();
    const kept = listSnapshots(snapshots);
    expect(kept.map((path) => path.slice(snapshots.length + 1, snapshots.length + 14))).toEqual([
      '2026-01-01T02',
      '2026-01-01T03',
    ]);
    for (const path of [directory, ...kept]) expect(statSync(join(path, 'store.mdb')).mode & 0o777).toBe(0o600);
    const copy = await openLmdbStore({ directory: kept[1] as string });
    expect(copy.list({ prefix: '/pods/' }).entries.length).toBe(120);
    await copy.close();
  });

  test('a damaged snapshot is not restored over a store', async () => {
    await using root = await temporaryDirectory();
    const snapshot = join(root.path, 'snapshot');
    mkdirSync(snapshot);
    writeFileSync(join(snapshot, 'store.mdb'), 'not a store');
    const directory = join(root.path, 'store');
    const state = await fill(directory);
    expect(() => restoreSnapshot({ snapshot, directory, now: new Date() })).toThrow(/no snapshot to restore/);
    const store = await openLmdbStore({ directory });
    expect(store.list({ prefix: '' })).toEqual(state);
    await store.close();
  });
});

describe('a store that is open', () => {
  test('is refused to another process, which is told who has it, and to this one', async () => {
    await using root = await temporaryDirectory();
    const store = await openLmdbStore({ directory: root.path });
    await expect(openLmdbStore({ directory: root.path })).rejects.toMatchObject({ code: 'Conflict' });
    const script = `
      import { openLmdbStore } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
      await openLmdbStore({ directory: process.argv[1] }).catch((error) => console.log(error.code, error.message));`;
    const other = spawnSync(process.execPath, ['--input-type=module', '-e', script, root.path], { encoding: 'utf8' });
    expect(other.stdout).toContain('Conflict');
    expect(other.stdout).toContain(`process ${process.pid}`);
    await store.close();
    await (await openLmdbStore({ directory: root.path })).close();
  });
});
