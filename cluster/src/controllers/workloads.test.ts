import { type DaemonSet, type Job, type Node, type Pod, resources, type StatefulSet } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { isReady } from './pods/index.ts';
import { controllerRevisions } from './revisions.ts';
import { startFakeKubelet, startTestCluster, type TestCluster } from './test-cluster.ts';

const key = { namespace: 'shop', name: 'app' };
const labels = { app: 'app' };
const template = (image: string, spec: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'main', image }], ...spec },
});

const pods = async ({ client }: TestCluster): Promise<Pod[]> =>
  (await client.list(resources.pods, { namespace: 'shop' })).items;
const names = (list: readonly Pod[]) => list.map(({ metadata }) => metadata.name).sort();

function setImage(cluster: TestCluster, resource: 'statefulSets' | 'daemonSets', image: string) {
  const body = { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } };
  return cluster.client.patch<StatefulSet | DaemonSet>(resources[resource], key, { type: 'strategic', body });
}

test('a stateful set comes in order, keeps its claims, rolls out from the last, and goes from the last', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  const { client } = cluster;
  const set: StatefulSet = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: key,
    spec: {
      serviceName: 'app',
      replicas: 3,
      selector: { matchLabels: labels },
      template: template('db:1'),
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  };
  await client.create(resources.statefulSets, set);
  const settled = async (replicas: number) => {
    const { status, metadata } = await client.get(resources.statefulSets, key);
    return (
      status?.observedGeneration === metadata.generation &&
      status?.readyReplicas === replicas &&
      status.replicas === replicas &&
      status.updatedReplicas === replicas &&
      status.currentRevision === status.updateRevision
    );
  };
  await cluster.until(() => settled(3), 'three pods');
  expect(names(await pods(cluster))).toEqual(['app-0', 'app-1', 'app-2']);
  const made = (await pods(cluster)).map(({ metadata }) => Number(metadata.resourceVersion));
  expect(made).toHaveLength(3);
  const [first] = await pods(cluster);
  expect(first?.spec).toMatchObject({ hostname: 'app-0', subdomain: 'app' });
  expect(first?.spec?.volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'data-app-0' } });

  const before = new Map((await pods(cluster)).map(({ metadata }) => [metadata.name, metadata.uid]));
  await client.patch(resources.statefulSets, key, {
    type: 'merge',
    body: { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } } },
  });
  await setImage(cluster, 'statefulSets', 'db:2');
  const images = async () => (await pods(cluster)).map(({ spec }) => spec?.containers[0]?.image).sort();
  await cluster.until(
    async () => (await images()).join() === 'db:1,db:2,db:2' && (await pods(cluster)).every(isReady),
    'the partition',
  );
  expect((await client.get(resources.pods, { namespace: 'shop', name: 'app-0' })).metadata.uid).toBe(
    before.get('app-0'),
  );
  await client.patch(resources.statefulSets, key, {
    type: 'merge',
    body: { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } } },
  });
  await cluster.until(() => settled(3), 'the rollout');
  expect(await images()).toEqual(['db:2', 'db:2', 'db:2']);
  const revisions = await client.list(controllerRevisions, { namespace: 'shop' });
  expect(revisions.items.map(({ revision }) => revision).sort()).toEqual([1, 2]);

  await client.patch(resources.statefulSets, key, { type: 'merge', body: { spec: { replicas: 1 } } });
  await cluster.until(() => settled(1), 'one pod');
  expect(names(await pods(cluster))).toEqual(['app-0']);
  const claims = await client.list(resources.persistentVolumeClaims, { namespace: 'shop' });
  expect(claims.items.map(({ metadata }) => metadata.name).sort()).toEqual(['data-app-0', 'data-app-1', 'data-app-2']);
  expect(cluster.errors).toEqual([]);
});

test('claims go with the pods and the set that they are to go with', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  const { client } = cluster;
  const storage = { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } };
  await client.create(resources.statefulSets, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: key,
    spec: {
      replicas: 3,
      serviceName: 'app',
      podManagementPolicy: 'Parallel',
      ordinals: { start: 5 },
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' },
      selector: { matchLabels: labels },
      template: template('db:1'),
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: storage }],
    },
  });
  const claims = async () => {
    const { items } = await client.list(resources.persistentVolumeClaims, { namespace: 'shop' });
    return items.map(({ metadata }) => metadata.name).sort();
  };
  const are = (...ordinals: number[]) =>
    cluster.until(
      async () => (await claims()).join() === ordinals.map((each) => `data-app-${each}`).join(),
      `the claims of ${ordinals}`,
    );
  await are(5, 6, 7);
  const scale = (spec: object) => client.patch(resources.statefulSets, key, { type: 'merge', body: { spec } });
  await cluster.until(async () => (await pods(cluster)).every(isReady), 'ready pods');
  await scale({ replicas: 2 });
  await are(5, 6);
  await scale({ replicas: 3 });
  await are(5, 6, 7);
  await scale({ persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Delete' } });
  await cluster.until(async () => (await pods(cluster)).length === 3 && (await pods(cluster)).every(isReady), 'three');
  await scale({ replicas: 1 });
  await cluster.until(async () => names(await pods(cluster)).join() === 'app-5', 'one pod');
  await are(5, 6, 7);
  await client.delete(resources.statefulSets, key, { propagationPolicy: 'Background' });
  await are();
  expect(cluster.errors).toEqual([]);
});

test('a daemon set is on every node that may have it, and follows nodes and template', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  const { client } = cluster;
  const node = (name: string, spec: object = {}): Node => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/os': 'linux' } },
    spec,
  });
  await client.create(resources.nodes, node('a'));
  await client.create(resources.nodes, node('cordoned', { unschedulable: true }));
  await client.create(resources.nodes, node('tainted', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }));
  const set: DaemonSet = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: key,
    spec: {
      selector: { matchLabels: labels },
      template: template('agent:1', { nodeSelector: { 'kubernetes.io/os': 'linux' } }),
    },
  };
  await client.create(resources.daemonSets, set);
  const settled = async (number: number) => {
    const { status, metadata } = await client.get(resources.daemonSets, key);
    return (
      status?.observedGeneration === metadata.generation &&
      status?.desiredNumberScheduled === number &&
      status.numberAvailable === number &&
      status.updatedNumberScheduled === number &&
      (await pods(cluster)).length === number
    );
  };
  await cluster.until(() => settled(2), 'two daemons');
  await client.create(resources.nodes, node('b'));
  await cluster.until(() => settled(3), 'three daemons');
  await setImage(cluster, 'daemonSets', 'agent:2');
  await cluster.until(() => settled(3), 'the rollout');
  expect((await pods(cluster)).map(({ spec }) => spec?.containers[0]?.image)).toEqual([
    'agent:2',
    'agent:2',
    'agent:2',
  ]);
  await client.delete(resources.nodes, { name: 'b' });
  await cluster.until(() => settled(2), 'two daemons again');
  expect(cluster.errors).toEqual([]);
});

const job = (spec: object, image: string): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: key,
  spec: { template: template(image, { restartPolicy: 'Never' }), ...spec } as NonNullable<Job['spec']>,
});

async function ended(cluster: TestCluster): Promise<Job> {
  const get = () => cluster.client.get(resources.jobs, key);
  await cluster.until(async () => {
    const { status } = await get();
    return (status?.conditions ?? []).some(
      ({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed'),
    );
  }, 'the end of the job');
  return get();
}

test('a job runs until enough pods have succeeded, each counted once', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  await cluster.client.create(
    resources.jobs,
    job({ completions: 5, parallelism: 2, completionMode: 'Indexed' }, 'ends:well'),
  );
  const { status } = await ended(cluster);
  expect(status).toMatchObject({ succeeded: 5, completedIndexes: '0-4', completionTime: expect.any(String) });
  expect(status?.failed).toBeUndefined();
  const all = await pods(cluster);
  expect(all).toHaveLength(5);
  expect(all.every(({ metadata }) => !metadata.finalizers?.length)).toBe(true);
  // A pod that is deleted afterwards changes nothing.
  await cluster.client.delete(resources.pods, { namespace: 'shop', name: all[0]?.metadata.name ?? '' });
  await cluster.until(async () => (await pods(cluster)).length === 4, 'the pod is gone');
  expect((await cluster.client.get(resources.jobs, key)).status?.succeeded).toBe(5);
  expect(cluster.errors).toEqual([]);
});

test('a job fails at its limit, says why, and is deleted when its time is over', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  await cluster.client.create(resources.jobs, job({ backoffLimit: 0 }, 'ends:badly'));
  const { status } = await ended(cluster);
  expect(status?.failed).toBe(1);
  expect(status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'Failed',
      status: 'True',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    }),
  );
  await cluster.client.patch(resources.jobs, key, { type: 'merge', body: { spec: { ttlSecondsAfterFinished: 0 } } });
  await cluster.until(async () => {
    const jobs = await cluster.client.list(resources.jobs, { namespace: 'shop' });
    return jobs.items.length === 0 && (await pods(cluster)).length === 0;
  }, 'the job and its pods are gone');
});

test('the pods of a job that is deleted go with it, whatever they were doing', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  await cluster.client.create(resources.jobs, job({ completions: 3, parallelism: 3 }, 'runs'));
  await cluster.until(async () => (await pods(cluster)).filter(isReady).length === 3, 'three pods');
  await cluster.client.delete(resources.jobs, key, { propagationPolicy: 'Background' });
  await cluster.until(async () => (await pods(cluster)).length === 0, 'no pod is left');
  expect(cluster.errors).toEqual([]);
});
