import { type Pod, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { resourceQuotas } from '../../quota/index.ts';
import { startTestCluster } from '../test-cluster.ts';

const namespace = 'shop';
const pod = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: { containers: [{ name: 'main', image: 'example/main:1' }], terminationGracePeriodSeconds: 0 },
});

test('with the controller that counts, as many pods pass as there is room for, and room comes back', async () => {
  await using cluster = await startTestCluster();
  const { client } = cluster;
  const usedOf = async () => (await client.get(resourceQuotas, { namespace, name: 'pods' })).status?.used?.pods;
  await client.create(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'pods', namespace },
    spec: { hard: { pods: '10' } },
  });
  await cluster.until(async () => (await usedOf()) === '0', 'the quota is counted');
  await cluster.until(async () => {
    return (await client.list(resources.serviceAccounts, { namespace })).items.length > 0;
  }, 'pods have an account');

  const created = await Promise.allSettled(
    Array.from({ length: 50 }, (_, n) => client.create(resources.pods, pod(`p${n}`))),
  );
  expect(created.filter(({ status }) => status === 'fulfilled').length).toBe(10);
  const { items } = await client.list(resources.pods, { namespace });
  expect(items.length).toBe(10);
  await cluster.until(async () => (await usedOf()) === '10', 'all ten are counted');

  for (const { metadata } of items.slice(0, 4)) await client.delete(resources.pods, metadata);
  await cluster.until(async () => (await usedOf()) === '6', 'what went is not counted any more');
  const again = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => client.create(resources.pods, pod(`q${n}`))),
  );
  expect(again.filter(({ status }) => status === 'fulfilled').length).toBe(4);
  await cluster.until(async () => (await usedOf()) === '10', 'it is full again');
  expect(cluster.errors).toEqual([]);
});

test('a replica set tells that a quota holds it up, and goes on when that is raised', async () => {
  await using cluster = await startTestCluster();
  const { client } = cluster;
  const quotaKey = { namespace, name: 'pods' };
  await client.create(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: quotaKey,
    spec: { hard: { pods: '2' } },
  });
  const isCounted = (pods: string) => async () =>
    (await client.get(resourceQuotas, quotaKey)).status?.hard?.pods === pods;
  await cluster.until(isCounted('2'), 'the quota is counted');
  const [selector, { spec }] = [{ matchLabels: { app: 'web' } }, pod('web')];
  const template = { metadata: { labels: selector.matchLabels }, spec: { containers: spec?.containers ?? [] } };
  const key = { namespace, name: 'web' };
  await client.create(resources.replicaSets, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: key,
    spec: { replicas: 3, selector, template },
  });
  const statusOf = async () => (await client.get(resources.replicaSets, key)).status;
  await cluster.until(async () => {
    const failure = (await statusOf())?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    return failure?.reason === 'FailedCreate' && /exceeded quota: pods, requested: pods=1/.test(failure.message ?? '');
  }, 'the set tells why');
  expect((await client.list(resources.pods, { namespace })).items.length).toBe(2);
  await client.patch(resourceQuotas, quotaKey, { type: 'merge', body: { spec: { hard: { pods: '3' } } } });
  await cluster.until(async () => {
    const status = await statusOf();
    return status?.replicas === 3 && !status.conditions?.some(({ type }) => type === 'ReplicaFailure');
  }, 'the third pod is there');
});
