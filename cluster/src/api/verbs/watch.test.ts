import { resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Probe, probe } from '../http/probe.ts';

let it: Probe;
const path = '/api/v1/namespaces/default/secrets';

beforeAll(async () => {
  it = await probe();
  await it.post(path, JSON.stringify({ metadata: { name: 'a' } }));
});
afterAll(async () => await it[Symbol.asyncDispose]());

interface Told {
  type: string;
  object: { kind?: string; code?: number; message?: string; metadata: { annotations?: object } };
}

/** All that a watch of one second is told. */
async function told(query: string): Promise<Told[]> {
  const watch = await it.send(`${path}?watch=1&timeoutSeconds=1&${query}`);
  expect([query, watch.status]).toEqual([query, 200]);
  return watch.body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Told);
}

const endOfInitial = { 'k8s.io/initial-events-end': 'true' };
const watchList = 'resourceVersionMatch=NotOlderThan&sendInitialEvents';

test.concurrent.each([
  ['', ['ADDED']],
  ['resourceVersion=0', ['ADDED']],
  [`${watchList}=true`, ['ADDED']],
  ['allowWatchBookmarks=true', ['ADDED', 'BOOKMARK']],
  ['allowWatchBookmarks=True&resourceVersion=0', ['ADDED', 'BOOKMARK']],
  [`${watchList}=true&allowWatchBookmarks=true`, ['ADDED', 'BOOKMARK']],
  [`${watchList}=true&allowWatchBookmarks=true&resourceVersion=1`, ['ADDED', 'BOOKMARK']],
  [`${watchList}=false&allowWatchBookmarks=true`, []],
  [`${watchList}=false&allowWatchBookmarks=true&resourceVersion=0`, []],
])('what a watch asks for, and no more, is told: %s', async (query, types) => {
  const events = await told(query);
  expect(events.map(({ type }) => type)).toEqual(types);
  for (const { object } of events.slice(1)) expect(object.metadata.annotations).toEqual(endOfInitial);
});

test('a watch of the future is told what comes after it; with the state of then first, that there is none', async () => {
  expect(await told('resourceVersion=99999999&allowWatchBookmarks=true')).toEqual([]);
  const [refused, ...others] = await told(`${watchList}=true&resourceVersion=99999999`);
  expect(others).toEqual([]);
  expect(refused).toMatchObject({
    type: 'ERROR',
    object: {
      kind: 'Status',
      code: 504,
      reason: 'Timeout',
      message: `Timeout: Too large resource version: 99999999, current: ${it.server.store.revision}`,
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
    },
  });

  const client = it.server.api.client({ name: 'root', groups: ['system:masters'] });
  const after = it.server.store.revision + 1;
  const watch = client.watch(resources.secrets, { namespace: 'default', resourceVersion: String(after) });
  const first = watch[Symbol.asyncIterator]().next();
  const versions: number[] = [];
  for (const name of ['b', 'c', 'd']) {
    const secret = { apiVersion: 'v1' as const, kind: 'Secret' as const, metadata: { name, namespace: 'default' } };
    versions.push(Number((await client.create(resources.secrets, secret)).metadata.resourceVersion));
  }
  expect(Number((await first).value?.object.metadata.resourceVersion)).toBe(versions.find((one) => one > after));
});

test('a watch for less than no time ends at once', async () => {
  const watch = await it.send(`${path}?watch=1&timeoutSeconds=-1&resourceVersion=0`);
  expect(watch.status).toBe(200);
});
