import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KubeClient } from '@berth/kube/client';
import { type ConfigMap, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLmdbStore, type Store } from '../../store/index.ts';
import { startTestApi, type TestApi } from '../testing.ts';
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

describe('turns', () => {
  test('come in the order of asking, and one who has gone is passed over', async () => {
    const turns = new Turns();
    const order: string[] = [];
    const first = await turns.enter('a');
    const leaving = new AbortController();
    const queued = ['second', 'third'].map(async (name) => {
      const turn = await turns.enter('a');
      order.push(name);
      turn.leave();
    });
    const gone = turns.enter('a', leaving.signal);
    leaving.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await turns.enter('b');
    expect(order).toEqual([]);
    first.leave();
    await Promise.all(queued);
    expect(order).toEqual(['second', 'third']);
  });

  test('of one who does not come to an end are over for whoever waits', async () => {
    const turns = new Turns();
    const stuck = await turns.enter('a');
    expect(stuck.isOver).toBe(false);
    const next = await turns.enter('a');
    expect(stuck.isOver).toBe(true);
    stuck.leave();
    expect(next.isOver).toBe(false);
    next.leave();
    await turns.enter('a');
  });
});
