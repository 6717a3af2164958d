import { sharedInformers } from '@berth/kube/client';
import { type Deployment, type Pod, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { isActive, isReady } from './pods/index.ts';
import { startFakeKubelet, startTestCluster, type TestCluster } from './test-cluster.ts';

const key = { namespace: 'shop', name: 'web' };

function deployment(image: string, replicas: number, strategy: object): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: key,
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      strategy,
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image }] } },
    },
  };
}

const setImage = (cluster: TestCluster, image: string) =>
  cluster.client.patch(resources.deployments, key, {
    type: 'strategic',
    body: { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } },
  });

async function isRolledOut({ client }: TestCluster, replicas: number): Promise<boolean> {
  const { metadata, status } = await client.get(resources.deployments, key);
  return (
    status?.observedGeneration === metadata.generation &&
    status?.updatedReplicas === replicas &&
    status.replicas === replicas &&
    status.availableReplicas === replicas
  );
}

const images = async ({ client }: TestCluster) => {
  const pods = await client.list(resources.pods, { namespace: 'shop' });
  return [...new Set(pods.items.filter(isActive).map((pod) => pod.spec?.containers[0]?.image))];
};

const setsOf = async ({ client }: TestCluster) => {
  const sets = await client.list(resources.replicaSets, { namespace: 'shop' });
  return sets.items.map(({ metadata, spec }) => {
    const revision = metadata.annotations?.['deployment.kubernetes.io/revision'];
    return { revision, image: spec?.template?.spec?.containers[0]?.image, replicas: spec?.replicas };
  });
};

/** Follows every state of the pods that anybody can see, and keeps the extremes. */
function extremes({ client, signal }: TestCluster) {
  const pods = sharedInformers({ client, signal }).of(resources.pods);
  const seen = { most: 0, fewestReady: Number.POSITIVE_INFINITY, counting: false };
  pods.subscribe(() => {
    if (!seen.counting) return;
    const active = pods.list('shop').filter((pod: Pod) => isActive(pod));
    seen.most = Math.max(seen.most, active.length);
    seen.fewestReady = Math.min(seen.fewestReady, active.filter(isReady).length);
  });
  return seen;
}

test.each([
  { replicas: 10, maxSurge: 3, maxUnavailable: 0, most: 13, fewest: 10 },
  { replicas: 10, maxSurge: 0, maxUnavailable: 2, most: 10, fewest: 8 },
  { replicas: 7, maxSurge: '25%', maxUnavailable: '25%', most: 9, fewest: 6 },
  { replicas: 1, maxSurge: 0, maxUnavailable: '1%', most: 1, fewest: 0 },
])('a rolling update stays within its limits: $replicas replicas, +$maxSurge −$maxUnavailable', async (example) => {
  const { replicas, maxSurge, maxUnavailable, most, fewest } = example;
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  const seen = extremes(cluster);
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } };
  await cluster.client.create(resources.deployments, deployment('shop/web:1', replicas, strategy));
  await cluster.until(() => isRolledOut(cluster, replicas), 'the first rollout');

  seen.counting = true;
  for (const version of [2, 3]) {
    await setImage(cluster, `shop/web:${version}`);
    await cluster.until(() => isRolledOut(cluster, replicas), `the rollout of version ${version}`);
    expect(await images(cluster)).toEqual([`shop/web:${version}`]);
  }
  expect(seen.most).toBeLessThanOrEqual(most);
  expect(seen.fewestReady).toBeGreaterThanOrEqual(fewest);
  expect(cluster.errors).toEqual([]);
});

test('a version that never becomes ready stops at the limit, and the one before comes back by undo', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  await cluster.client.create(resources.deployments, deployment('shop/web:1', 3, strategy));
  await cluster.until(() => isRolledOut(cluster, 3), 'the first rollout');
  await setImage(cluster, 'shop/web:broken');
  await cluster.until(async () => {
    const { status } = await cluster.client.get(resources.deployments, key);
    return status?.updatedReplicas === 1 && status.unavailableReplicas === 1;
  }, 'one pod of the broken version');
  const { status } = await cluster.client.get(resources.deployments, key);
  expect(status?.availableReplicas).toBe(3);
  expect(status?.conditions?.find(({ type }) => type === 'Available')?.status).toBe('True');

  await setImage(cluster, 'shop/web:1');
  await cluster.until(() => isRolledOut(cluster, 3), 'the way back');
  const sets = (await setsOf(cluster)).sort((a, b) => Number(a.revision) - Number(b.revision));
  expect(sets).toEqual([
    { revision: '2', image: 'shop/web:broken', replicas: 0 },
    { revision: '3', image: 'shop/web:1', replicas: 3 },
  ]);
  const { metadata } = await cluster.client.get(resources.deployments, key);
  expect(metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
});

test('Recreate never runs both versions', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster, { endsAfter: 30 });
  const pods = sharedInformers(cluster).of(resources.pods);
  let mixed = false;
  pods.subscribe(() => {
    mixed ||= new Set(pods.list('shop').map((pod) => pod.spec?.containers[0]?.image)).size > 1;
  });
  await cluster.client.create(resources.deployments, deployment('shop/web:1', 3, { type: 'Recreate' }));
  await cluster.until(() => isRolledOut(cluster, 3), 'the first rollout');
  await setImage(cluster, 'shop/web:2');
  await cluster.until(() => isRolledOut(cluster, 3), 'the second rollout');
  expect(await images(cluster)).toEqual(['shop/web:2']);
  expect(mixed).toBe(false);
});

test('scaling, history and deletion', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  const { client } = cluster;
  const made = deployment('shop/web:1', 4, {});
  await client.create(resources.deployments, {
    ...made,
    spec: { ...made.spec, revisionHistoryLimit: 1 },
  } as Deployment);
  await cluster.until(() => isRolledOut(cluster, 4), 'the first rollout');
  await client.patch(resources.deployments, key, { type: 'merge', body: { spec: { replicas: 1 } } });
  await cluster.until(() => isRolledOut(cluster, 1), 'one replica');
  for (const version of [2, 3, 4]) {
    await setImage(cluster, `shop/web:${version}`);
    await cluster.until(() => isRolledOut(cluster, 1), `the rollout of version ${version}`);
  }
  await cluster.until(async () => (await setsOf(cluster)).length === 2, 'two sets in the history');
  expect((await setsOf(cluster)).map(({ revision }) => revision).sort()).toEqual(['3', '4']);

  await client.delete(resources.deployments, key, { propagationPolicy: 'Background' });
  await cluster.until(async () => {
    const left = await client.list(resources.pods, { namespace: 'shop' });
    return left.items.length === 0 && (await setsOf(cluster)).length === 0;
  }, 'sets and pods collected');
  expect(cluster.errors).toEqual([]);
});
