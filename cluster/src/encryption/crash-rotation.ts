import { rewriteStale } from '../api/storage/at-rest.ts';
import { ObjectStorage } from '../api/storage/object-storage.ts';
import { encodeObject } from '../api/storage/stored-object.ts';
import { takeSnapshot } from '../store/index.ts';
import { encryptionControl } from './control.ts';
import { secrets } from './encryption.ts';
import { openEncryptedStore } from './open.ts';
import { noUpkeep, placesIn, silent } from './testing.ts';

/*
 * For the crash test, which kills it: writers of Secrets that print `wrote <writer> <count>` once it is acknowledged, while keys are rotated
 * and snapshots taken.
 */

const [dataDir = '', writers = '4'] = process.argv.slice(2);
const places = placesIn(dataDir);
const now = () => new Date();
process.stdout.write('opening\n');
const opened = await openEncryptedStore({ ...places, now, logger: silent });
const { store } = opened;
const storage = new ObjectStorage(store, {}, opened.encryption);
storage.follow((error) => {
  throw error;
});
const api = {
  rewriteStale: () => rewriteStale(storage),
  unreadable: () => storage.unreadable,
  discard: () => Promise.resolve(),
};
const control = encryptionControl({ ...opened, ...places, api, upkeep: noUpkeep, now, logger: silent });

async function write(writer: number): Promise<never> {
  const key = `${secrets}default/${writer}`;
  let count = Number(storage.get(key)?.object.type ?? 0);
  for (;;) {
    count++;
    const metadata = {
      name: `${writer}`,
      namespace: 'default',
      annotations: { padding: 'x'.repeat((count * 977) % 6000) },
    };
    const object = { apiVersion: 'v1', kind: 'Secret', metadata, type: `${count}` };
    await storage.commit([{ type: 'put', key, value: (revision) => encodeObject(key, object, revision).bytes }]);
    process.stdout.write(`wrote ${writer} ${count}\n`);
  }
}

async function rotate(): Promise<never> {
  for (;;) {
    const { key } = await control.rotate();
    process.stdout.write(`rotated ${key}\n`);
    await takeSnapshot({ store, snapshots: places.snapshots, keep: 2, now: now() });
  }
}

await Promise.all([rotate(), ...Array.from({ length: Number(writers) }, (_, writer) => write(writer))]);
