import type { KubeClient } from '@berth/kube/client';
import { type ConfigMap, type Pod, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
let client: KubeClient;
const namespace = 'default';
const key = (name: string) => ({ namespace, name });

beforeAll(async () => {
  server = await startTestApi();
  client = server.api.client({ name: 'root', groups: ['system:masters'] });
  await client.create(resources.serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: key('default'),
  });
});
afterAll(async () => await server[Symbol.asyncDispose]());

const configMap = (name: string, metadata: object = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...key(name), ...metadata },
});
const pod = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: key(name),
  spec: { containers: [{ name: 'main', image: 'example/main:1' }] },
});
const bind = (name: string) =>
  client.createSubresource(resources.pods, key(name), 'binding', { target: { kind: 'Node', name: 'n' } });
const isGone = (name: string) =>
  expect(client.get(resources.configMaps, key(name))).rejects.toMatchObject({ code: 'NotFound' });

describe('delete', () => {
  test('finalizers hold an object, which goes when the last one does', async () => {
    await client.create(resources.configMaps, configMap('held', { finalizers: ['example.com/a', 'example.com/b'] }));
    const held = await client.delete(resources.configMaps, key('held'));
    expect(held?.metadata).toMatchObject({ deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 0 });
    const drop = (finalizers: string[]) =>
      client.patch(resources.configMaps, key('held'), { type: 'merge', body: { metadata: { finalizers } } });
    expect((await drop(['example.com/b'])).metadata.finalizers).toEqual(['example.com/b']);
    await drop([]);
    await isGone('held');
  });

  test('orphans and dependents first are finalizers for the garbage collector', async () => {
    for (const [policy, finalizer] of [
      ['Orphan', 'orphan'],
      ['Foreground', 'foregroundDeletion'],
    ] as const) {
      await client.create(resources.configMaps, configMap(finalizer.toLowerCase()));
      const left = await client.delete(resources.configMaps, key(finalizer.toLowerCase()), {
        propagationPolicy: policy,
      });
      expect(left?.metadata.finalizers).toEqual([finalizer]);
    }
  });

  test('of another object than the one that was meant is a Conflict', async () => {
    const { metadata } = await client.create(resources.configMaps, configMap('meant'));
    const other = { preconditions: { uid: 'another' } };
    await expect(client.delete(resources.configMaps, key('meant'), other)).rejects.toMatchObject({ code: 'Conflict' });
    await client.delete(resources.configMaps, key('meant'), { preconditions: { uid: metadata.uid ?? '' } });
    await isGone('meant');
  });

  test('a pod on a node gets its grace period, which may be shortened; one without a node goes at once', async () => {
    await client.create(resources.pods, pod('bound'));
    await bind('bound');
    const first = await client.delete(resources.pods, key('bound'));
    expect(first?.metadata.deletionGracePeriodSeconds).toBe(30);
    const longer = await client.delete(resources.pods, key('bound'), { gracePeriodSeconds: 60 });
    expect(longer?.metadata.deletionGracePeriodSeconds).toBe(30);
    const shorter = await client.delete(resources.pods, key('bound'), { gracePeriodSeconds: 5 });
    expect(shorter?.metadata.deletionGracePeriodSeconds).toBe(5);
    await client.delete(resources.pods, key('bound'), { gracePeriodSeconds: 0 });
    await expect(client.get(resources.pods, key('bound'))).rejects.toMatchObject({ code: 'NotFound' });
    await client.create(resources.pods, pod('loose'));
    await client.delete(resources.pods, key('loose'));
    await expect(client.get(resources.pods, key('loose'))).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('of a collection takes what the selector takes, and nothing else', async () => {
    for (const name of ['x1', 'x2', 'y1']) {
      await client.create(resources.configMaps, configMap(name, { labels: { group: name.slice(0, 1) } }));
    }
    await client.deleteCollection(resources.configMaps, { namespace, labelSelector: 'group=x' });
    await Promise.all([isGone('x1'), isGone('x2')]);
    expect((await client.get(resources.configMaps, key('y1'))).metadata.name).toBe('y1');
  });
});

test('server-side apply that loses a race is made again', async () => {
  await client.create(resources.configMaps, configMap('raced'));
  const writers = ['one', 'two', 'three'].map(async (writer) => {
    for (let round = 0; round < 5; round++) {
      const config = { ...configMap('raced'), data: { [writer]: String(round) } };
      await client.apply(resources.configMaps, config, { fieldManager: writer });
      const patch = { type: 'merge', body: { data: { [`${writer}-${round}`]: 'yes' } } } as const;
      await client.patch(resources.configMaps, key('raced'), patch);
    }
  });
  await Promise.all(writers);
  const { data = {} } = await client.get(resources.configMaps, key('raced'));
  expect(data).toMatchObject({ one: '4', two: '4', three: '4' });
  expect(Object.keys(data)).toHaveLength(3 + 15);
});

test('server-side apply makes a namespace that is absent, and nothing in one', async () => {
  const config = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fresh' } } as const;
  const inside = { ...configMap('inside'), metadata: { namespace: 'fresh', name: 'inside' } };
  await expect(client.apply(resources.configMaps, inside, { fieldManager: 'me' })).rejects.toMatchObject({
    code: 'NotFound',
    message: 'namespaces "fresh" not found',
  });
  expect((await client.apply(resources.namespaces, config, { fieldManager: 'me' })).metadata.name).toBe('fresh');
  expect((await client.apply(resources.configMaps, inside, { fieldManager: 'me' })).metadata.name).toBe('inside');
});

describe('versions', () => {
  test('that are compacted are Expired, and a page that is has a token to go on with', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await client.create(resources.configMaps, configMap(name));
    const options = { namespace, fieldSelector: '', limit: 1 };
    const page = await client.list(resources.configMaps, options);
    expect(page.metadata.remainingItemCount).toBeGreaterThan(1);
    await client.create(resources.configMaps, configMap('page-d'));
    await server.store.compact(server.store.revision);
    const next = client.list(resources.configMaps, { ...options, continue: page.metadata.continue ?? '' });
    const error = (await next.catch((reason: unknown) => reason)) as { code: string; details: { continue: string } };
    expect(error).toMatchObject({ code: 'Expired', details: { continue: expect.any(String) } });
    const inconsistent = await client.list(resources.configMaps, { namespace, continue: error.details.continue });
    expect(inconsistent.items.map((item) => item.metadata.name)).toContain('page-d');
  });

  test('of the future are waited for', async () => {
    const { metadata } = await client.create(resources.configMaps, configMap('soon'));
    const resourceVersion = String(Number(metadata.resourceVersion) + 1);
    const waiting = client.list(resources.configMaps, { namespace, resourceVersion });
    await client.create(resources.configMaps, configMap('later'));
    expect((await waiting).items.map((item) => item.metadata.name)).toContain('later');
  });
});
