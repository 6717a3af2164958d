import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KubeClient } from '@berth/kube/client';
import { type ConfigMap, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLmdbStore, type Store } from '../../store/index.ts';
import type { Call } from '../call.ts';
import type { Machinery } from '../machinery.ts';
import { encodeObject } from '../storage/stored-object.ts';
import { startTestApi, type TestApi } from '../testing.ts';
import { contend } from './contend.ts';
import { Turns } from './turns.ts';

let directory: string;
let store: Store;
let server: TestApi;
let client: KubeClient;
const key = { namespace: 'default', name: 'shared' };
const { configMaps } = resources;

beforeAll(async () => {
  // On a disk, where a write takes a while and the next can only begin when it is there.
  directory = await mkdtemp(path.join(tmpdir(), 'berth-contend-'));
  store = await openLmdbStore({ directory });
  server = await startTestApi({ store });
  client = server.api.client({ name: 'root', groups: ['system:masters'] });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

describe('many writers of one object', () => {
  const writers = Array.from({ length: 50 }, (_, at) => at);

  test('each patch is kept', async () => {
    await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key });
    const rounds = [0, 1, 2, 3, 4, 5];
    await Promise.all(
      writers.map(async (writer) => {
        for (const round of rounds) {
          await client.patch(configMaps, key, { type: 'merge', body: { data: { [`${writer}.${round}`]: 'x' } } });
        }
      }),
    );
    const { data } = (await client.get(configMaps, key)) as ConfigMap;
    expect(Object.keys(data ?? {})).toHaveLength(writers.length * rounds.length);
    await client.delete(configMaps, key);
  });
});

describe('a write that nobody sees yet', () => {
  const name = 'a';
  const path = `/registry/configmaps/default/${name}`;
  const call = {
    kind: { prefix: '/registry/configmaps/', description: { group: '', resource: 'configmaps' } },
    ...{ namespace: 'default', name, options: new Map(), signal: undefined },
  } as unknown as Call;
  const version = (revision: number) =>
    encodeObject(path, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }, revision);
  /** One write is under way, on top of what is there. */
  async function underWay() {
    const [kept, present, pending] = [Promise.withResolvers<void>(), version(1), version(2)];
    const turns = new Turns({ patienceMs: 60_000 });
    const storage = { isFresh: true, get: () => present };
    (await turns.enter(path)).pass(pending, kept.promise);
    return { machinery: { turns, storage } as unknown as Machinery, kept, present, pending };
  }

  test('is what the next is made of, which starts over when it comes to nothing', async () => {
    const { machinery, kept, present, pending } = await underWay();
    const seen: unknown[] = [];
    const written = contend(machinery, call, async (current) => seen.push(current));
    await expect.poll(() => seen).toEqual([pending]);
    kept.reject(new Error('the disk is full'));
    expect(await written).toBe(2);
    expect(seen[1]).toBe(present);
  });

  test('that comes to nothing is no reason to refuse another', async () => {
    const { machinery, kept, pending } = await underWay();
    const written = contend(machinery, call, async (current) => {
      if (current === pending) throw new Error('refused');
      return 'done';
    });
    kept.reject(new Error('the disk is full'));
    expect(await written).toBe('done');
  });

  test('keeps nobody waiting behind one who has nothing to write', async () => {
    const { machinery, kept } = await underWay();
    const told: string[] = [];
    const started: string[] = [];
    const both = ['second', 'third'].map(async (who) => {
      await contend(machinery, call, async () => void started.push(who));
      told.push(who);
    });
    await expect.poll(() => started).toEqual(['second', 'third']);
    expect(told).toEqual([]);
    kept.resolve();
    await Promise.all(both);
  });
});
