import { type ReplicaSet, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { startFakeKubelet, startTestCluster, type TestCluster } from '../test-cluster.ts';

const namespace = 'shop';
const labels = { app: 'web' };

function replicaSet(image: string): ReplicaSet {
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } };
  const spec = { replicas: 3, selector: { matchLabels: labels }, template };
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { namespace, name: 'web' }, spec };
}

const budget = (name: string, spec: object) => ({
  apiVersion: 'policy/v1' as const,
  kind: 'PodDisruptionBudget' as const,
  metadata: { namespace, name },
  spec: { selector: { matchLabels: labels }, ...spec },
});

async function statusOf({ client }: TestCluster, name: string) {
  const { status } = await client.get(resources.podDisruptionBudgets, { namespace, name });
  return status as Record<string, unknown> | undefined;
}

test.each([
  ['a number that must stay', { minAvailable: 2 }, { disruptionsAllowed: 1, desiredHealthy: 2, expectedPods: 3 }],
  ['a part that must stay', { minAvailable: '50%' }, { disruptionsAllowed: 1, desiredHealthy: 2, expectedPods: 3 }],
  ['a number that may go', { maxUnavailable: 2 }, { disruptionsAllowed: 2, desiredHealthy: 1, expectedPods: 3 }],
  ['nothing that may go', { maxUnavailable: 0 }, { disruptionsAllowed: 0, desiredHealthy: 3, expectedPods: 3 }],
])('%s', async (_, spec, expected) => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  await cluster.client.create(resources.podDisruptionBudgets, budget('web', spec));
  await cluster.client.create(resources.replicaSets, replicaSet('web:1'));
  await cluster.until(async () => (await statusOf(cluster, 'web'))?.currentHealthy === 3, 'three healthy pods');
  await cluster.until(
    async () => (await statusOf(cluster, 'web'))?.disruptionsAllowed === expected.disruptionsAllowed,
    'its allowance',
  );
  expect(await statusOf(cluster, 'web')).toMatchObject(expected);
  expect(cluster.errors).toEqual([]);
});

test('lets evictions at the same time take no more than there is, and gives it back when pods are replaced', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  const { client } = cluster;
  await client.create(resources.podDisruptionBudgets, budget('web', { maxUnavailable: 1 }));
  await client.create(resources.replicaSets, replicaSet('web:1'));
  await cluster.until(async () => (await statusOf(cluster, 'web'))?.disruptionsAllowed === 1, 'one disruption');
  const { items } = await client.list(resources.pods, { namespace });
  const outcomes = await Promise.allSettled(
    items.map(({ metadata: { name } }) =>
      client.createSubresource(resources.pods, { namespace, name }, 'eviction', { metadata: { namespace, name } }),
    ),
  );
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'TooManyRequests' });
  }
  expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
  await cluster.until(async () => {
    const status = await statusOf(cluster, 'web');
    return status?.disruptionsAllowed === 1 && status.disruptedPods === undefined;
  }, 'the disruption given back');
  expect(cluster.errors).toEqual([]);
});

test('allows none while pods are not ready', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  await cluster.client.create(resources.podDisruptionBudgets, budget('web', { minAvailable: 1 }));
  await cluster.client.create(resources.replicaSets, replicaSet('broken:1'));
  await cluster.until(async () => (await statusOf(cluster, 'web'))?.expectedPods === 3, 'three pods');
  expect(await statusOf(cluster, 'web')).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 0 });
});
