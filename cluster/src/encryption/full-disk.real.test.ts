import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeObject } from '../api/storage/stored-object.ts';
import { openLmdbStore } from '../store/index.ts';
import { temporaryDirectory } from '../store/temporary.ts';
import { secrets } from './encryption.ts';
import { openEncryptedStore } from './open.ts';
import { filesWith, placesIn, silent } from './testing.ts';

test('a store that there is no room to write anew is served as it is, and encrypted at a later start', async () => {
  await using directory = await temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory.path]);
  try {
    const places = placesIn(directory.path);
    const plain = await openLmdbStore({ directory: places.directory });
    for (let at = 0; at < 40; at++) {
      const key = `${secrets}default/${at}`;
      const metadata = { name: `${at}`, namespace: 'default', annotations: { note: `marker ${'x'.repeat(50_000)}` } };
      const object = { apiVersion: 'v1', kind: 'Secret', metadata };
      await plain.commit([{ type: 'put', key, value: (revision) => encodeObject(key, object, revision).bytes }]);
    }
    await plain.close();
    const { bavail, bsize } = statfsSync(directory.path);
    const ballast = join(directory.path, 'ballast');
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 500_000)));
    const open = () => openEncryptedStore({ ...places, now: () => new Date(), logger: silent });
    const full = await open();
    expect(full.store.list({ prefix: secrets }).entries).toHaveLength(40);
    await full.store.close();
    expect(filesWith(directory.path, 'marker')).not.toEqual([]);
    rmSync(ballast);
    const { store } = await open();
    expect(store.list({ prefix: secrets }).entries).toHaveLength(40);
    await store.close();
    expect(filesWith(directory.path, 'marker')).toEqual([]);
  } finally {
    execFileSync('umount', ['--lazy', directory.path]);
  }
});
