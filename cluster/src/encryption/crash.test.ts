import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { encodeObject } from '../api/storage/stored-object.ts';
import { listSnapshots, openLmdbStore, type Store, takeSnapshot } from '../store/index.ts';
import { chance, runAndKill } from '../store/killed.ts';
import { temporaryDirectory } from '../store/temporary.ts';
import { type Encryption, secrets } from './encryption.ts';
import { openEncryptedStore } from './open.ts';
import { OwnKeys } from './own-keys.ts';
import { filesWith, placesIn, silent } from './testing.ts';
import { asBuffer } from './transformer.ts';

const writers = 4;

const script = fileURLToPath(new URL('./crash-rotation.ts', import.meta.url));

/** Runs `crash-rotation.ts` until it says so and a while longer, and kills it. */
function killed(dataDir: string, until: RegExp, milliseconds: number): Promise<string[]> {
  const enough = (output: string) => until.test(output);
  return runAndKill(script, [dataDir, String(writers)], { enough, milliseconds });
}

/** The count that each writer's Secret holds. Throws when one cannot be read. */
async function countsIn(store: Store, encryption: Encryption): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (const { key, value } of store.list({ prefix: secrets }).entries) {
    const reading = await encryption.of(secrets)?.read(asBuffer(value), key);
    expect(reading?.isStale).toBe(false);
    const { metadata, type } = JSON.parse(String(reading?.value)) as { metadata: { name: string }; type: string };
    counts.set(Number(metadata.name), Number(type));
  }
  return counts;
}

test('keys that are rotated by a program killed at any moment lose no Secret and leave nothing under a former key', async () => {
  const random = chance('rotation');
  await using directory = await temporaryDirectory();
  const places = placesIn(directory.path);
  const acknowledged = new Map<number, number>();
  let rotations = 0;
  let cutOff = 0;
  for (let round = 0; round < 8 || cutOff === 0; round++) {
    const lines = await killed(directory.path, round % 2 === 0 ? /rotated/ : /wrote/, random(80));
    for (const line of lines) {
      const [what, writer, count] = line.split(' ');
      if (what === 'wrote') acknowledged.set(Number(writer), Number(count));
      if (what === 'rotated') rotations++;
    }
    if ((OwnKeys.read(places.keyFile)?.names.length ?? 0) > 1) cutOff++;
    const { store, encryption, own } = await openEncryptedStore({ ...places, now: () => new Date(), logger: silent });
    try {
      expect(own?.names).toHaveLength(1);
      const counts = await countsIn(store, encryption);
      for (const [writer, count] of acknowledged) expect(counts.get(writer)).toBeGreaterThanOrEqual(count);
      for (const snapshot of listSnapshots(places.snapshots)) {
        const copy = await openLmdbStore({ directory: snapshot });
        await countsIn(copy, encryption).finally(() => copy.close());
      }
    } finally {
      await store.close();
    }
  }
  console.log(`rotation: ${rotations} ended, ${cutOff} were cut off`);
  expect(rotations).toBeGreaterThanOrEqual(4);
}, 240_000);

test('a program killed while it encrypts what was plain loses nothing, and the next one ends it', async () => {
  const random = chance('first start');
  for (let round = 0; round < 3; round++) {
    await using directory = await temporaryDirectory();
    const places = placesIn(directory.path);
    const plain = await openLmdbStore({ directory: places.directory });
    for (let writer = 0; writer < 200; writer++) {
      const key = `${secrets}default/${writer}`;
      const metadata = { name: `${writer}`, namespace: 'default', annotations: { note: `marker ${'y'.repeat(4000)}` } };
      const object = { apiVersion: 'v1', kind: 'Secret', metadata, type: '1' };
      const put = plain.commit([{ type: 'put', key, value: (revision) => encodeObject(key, object, revision).bytes }]);
      if (writer % 50 !== 0) continue;
      await put;
      await takeSnapshot({ store: plain, snapshots: places.snapshots, keep: 3, now: new Date(writer * 1000) });
    }
    await plain.close();
    for (let kill = 0; kill < 2; kill++) await killed(directory.path, /opening/, random(60));
    const { store, encryption, own } = await openEncryptedStore({ ...places, now: () => new Date(), logger: silent });
    const counts = await countsIn(store, encryption).finally(() => store.close());
    expect(counts.size).toBe(200);
    expect(own?.names).toHaveLength(1);
    expect(filesWith(directory.path, 'marker')).toEqual([]);
  }
}, 240_000);
