import { type ConfigMap, type KubeObject, type Namespace, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { startTestCluster, type TestCluster } from '../test-cluster.ts';

const key = (name: string) => ({ namespace: 'shop', name });

function owned(name: string, owners: readonly KubeObject[], blockOwnerDeletion = false): ConfigMap {
  const ownerReferences = owners.map(({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    blockOwnerDeletion,
  }));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...key(name), ownerReferences } };
}

const make = ({ client }: TestCluster, name: string, owners: readonly KubeObject[] = [], block = false) =>
  client.create(resources.configMaps, owned(name, owners, block));

async function names({ client }: TestCluster): Promise<string[]> {
  const list = await client.list(resources.configMaps, { namespace: 'shop' });
  return list.items.map(({ metadata }) => metadata.name).filter((name) => name !== 'kube-root-ca.crt');
}

test('what an owner leaves behind goes after it, down to the last', async () => {
  await using cluster = await startTestCluster();
  const owner = await make(cluster, 'owner');
  const child = await make(cluster, 'child', [owner]);
  await make(cluster, 'grandchild', [child]);
  await make(cluster, 'stranger');
  await cluster.client.delete(resources.configMaps, key('owner'), { propagationPolicy: 'Background' });
  await cluster.until(async () => (await names(cluster)).join() === 'stranger', 'only the stranger is left');
  expect(cluster.errors).toEqual([]);
});

test('an object with another owner stays, and forgets the one that is gone', async () => {
  await using cluster = await startTestCluster();
  const [one, other] = [await make(cluster, 'one'), await make(cluster, 'other')];
  await make(cluster, 'shared', [one, other]);
  await cluster.client.delete(resources.configMaps, key('one'));
  await cluster.until(async () => {
    const { metadata } = await cluster.client.get(resources.configMaps, key('shared'));
    return metadata.ownerReferences?.length === 1 && metadata.ownerReferences[0]?.name === 'other';
  }, 'the reference is dropped');
});

test('an owner of the same name but another uid is not the owner', async () => {
  await using cluster = await startTestCluster();
  const owner = await make(cluster, 'owner');
  const impostor = { ...owner, metadata: { ...owner.metadata, uid: '11111111-2222-4333-8444-555555555555' } };
  await make(cluster, 'rightful', [owner]);
  await make(cluster, 'misled', [impostor]);
  await cluster.until(async () => !(await names(cluster)).includes('misled'), 'the misled one is collected');
  expect(await names(cluster)).toEqual(['owner', 'rightful']);
});

test('foreground: the owner waits for those that block it', async () => {
  await using cluster = await startTestCluster();
  const owner = await make(cluster, 'owner');
  const held = owned('held', [owner], true);
  await cluster.client.create(resources.configMaps, {
    ...held,
    metadata: { ...held.metadata, finalizers: ['example.com/hold'] },
  });
  await make(cluster, 'free', [owner], true);
  await cluster.client.delete(resources.configMaps, key('owner'), { propagationPolicy: 'Foreground' });
  await cluster.until(async () => (await names(cluster)).join() === 'held,owner', 'the free one goes');
  const waiting = await cluster.client.get(resources.configMaps, key('owner'));
  expect(waiting.metadata.finalizers).toEqual(['foregroundDeletion']);
  await cluster.client.patch(resources.configMaps, key('held'), {
    type: 'merge',
    body: { metadata: { finalizers: null } },
  });
  await cluster.until(async () => (await names(cluster)).length === 0, 'the owner goes last');
});

test('foreground: a circle of owners goes as a whole', async () => {
  await using cluster = await startTestCluster();
  const first = await make(cluster, 'first');
  const second = await make(cluster, 'second', [first], true);
  const third = await make(cluster, 'third', [second], true);
  const { ownerReferences = [] } = owned('first', [third], true).metadata;
  await cluster.client.patch(resources.configMaps, key('first'), {
    type: 'merge',
    body: { metadata: { ownerReferences } },
  });
  await cluster.client.delete(resources.configMaps, key('first'), { propagationPolicy: 'Foreground' });
  await cluster.until(async () => (await names(cluster)).length === 0, 'all three go');
});

test('orphan: the dependents stay, and belong to nobody', async () => {
  await using cluster = await startTestCluster();
  const owner = await make(cluster, 'owner');
  await make(cluster, 'child', [owner]);
  await cluster.client.delete(resources.configMaps, key('owner'), { propagationPolicy: 'Orphan' });
  await cluster.until(async () => (await names(cluster)).join() === 'child', 'the owner goes');
  const child = await cluster.client.get(resources.configMaps, key('child'));
  expect(child.metadata.ownerReferences ?? []).toEqual([]);
});

test('a namespace that is deleted is emptied first, and says what holds it', async () => {
  await using cluster = await startTestCluster();
  const { client } = cluster;
  await make(cluster, 'plain');
  const held = owned('held', []);
  await client.create(resources.configMaps, {
    ...held,
    metadata: { ...held.metadata, finalizers: ['example.com/hold'] },
  });
  await cluster.until(async () => {
    const accounts = await client.list(resources.serviceAccounts, { namespace: 'shop' });
    return accounts.items.some(({ metadata }) => metadata.name === 'default');
  }, 'the default account');
  await client.delete(resources.namespaces, { name: 'shop' });
  let namespace: Namespace | undefined;
  await cluster.until(async () => {
    namespace = await client.get(resources.namespaces, { name: 'shop' });
    const left = namespace.status?.conditions?.find(({ type }) => type === 'NamespaceContentRemaining');
    return left?.message === 'Some resources are remaining: configmaps. has 1 resource instances';
  }, 'the condition says what is left');
  expect(namespace?.status?.phase).toBe('Terminating');
  expect(namespace?.status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      message: 'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    }),
  );
  await client.patch(resources.configMaps, key('held'), { type: 'merge', body: { metadata: { finalizers: null } } });
  await cluster.until(async () => {
    const list = await client.list(resources.namespaces);
    return !list.items.some(({ metadata }) => metadata.name === 'shop');
  }, 'the namespace goes');
  expect(cluster.errors).toEqual([]);
});

test('a namespace that is deleted loses its pods first, and keeps the rest until they are gone', async () => {
  await using cluster = await startTestCluster();
  const { client } = cluster;
  await make(cluster, 'plain');
  await client.create(resources.serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: key('worker'),
  });
  await client.create(resources.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...key('held'), finalizers: ['example.com/hold'] },
    spec: { serviceAccountName: 'worker', containers: [{ name: 'main', image: 'example/main:1' }] },
  });
  await client.delete(resources.namespaces, { name: 'shop' });
  let namespace: Namespace | undefined;
  await cluster.until(async () => {
    namespace = await client.get(resources.namespaces, { name: 'shop' });
    return namespace.status?.conditions?.some(({ type }) => type === 'NamespaceDeletionContentFailure') === true;
  }, 'the conditions say how far it is');
  expect(namespace?.status?.conditions).toMatchObject([
    { type: 'NamespaceDeletionDiscoveryFailure', status: 'False', reason: 'ResourcesDiscovered' },
    { type: 'NamespaceDeletionGroupVersionParsingFailure', status: 'False', reason: 'ParsedGroupVersions' },
    { type: 'NamespaceDeletionContentFailure', status: 'False', reason: 'ContentDeleted' },
    { type: 'NamespaceContentRemaining', message: 'Some resources are remaining: pods. has 1 resource instances' },
    { type: 'NamespaceFinalizersRemaining', status: 'True', reason: 'SomeFinalizersRemain' },
  ]);
  expect((await client.get(resources.pods, key('held'))).metadata.deletionTimestamp).toBeDefined();
  expect(await names(cluster)).toEqual(['plain']);
  await client.patch(resources.pods, key('held'), { type: 'merge', body: { metadata: { finalizers: null } } });
  await cluster.until(async () => {
    const list = await client.list(resources.namespaces);
    return !list.items.some(({ metadata }) => metadata.name === 'shop');
  }, 'the namespace goes');
});
