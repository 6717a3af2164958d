import { startInformer } from '@berth/kube/client';
import { type Event, type KubeObject, type Node, type Pod, type Resource, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { identities } from '../api/index.ts';
import { startFakeKubelet, startTestCluster, type TestCluster } from '../controllers/test-cluster.ts';
import { startScheduler } from './index.ts';

function node(name: string, cpu: string): Node {
  const allocatable = { cpu, memory: '8Gi', pods: '110' };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status: { allocatable } };
}

function pod(name: string, cpu: string, spec: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { containers: [{ name: 'main', image: 'x', resources: { requests: { cpu } } }], ...spec },
  };
}

async function startSchedulingCluster(): Promise<TestCluster> {
  const cluster = await startTestCluster();
  const onError = (error: unknown, where: string) => cluster.errors.push(`${where}: ${error}`);
  await startScheduler({ client: cluster.clientOf(identities.scheduler), signal: cluster.signal, onError });
  return cluster;
}

async function addNode({ client }: TestCluster, name: string, cpu: string): Promise<void> {
  const { status } = node(name, cpu);
  await client.create(resources.nodes, node(name, cpu));
  // A new node's status is its own to write.
  await client.patch(resources.nodes, { name }, { type: 'merge', body: { status } }, { subresource: 'status' });
}

type PriorityClass = KubeObject & { value: number };
const priorityClasses: Resource<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  resource: 'priorityclasses',
  kind: 'PriorityClass',
  namespaced: false,
};
const priorityClass = (name: string, value: number): PriorityClass => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
});

const get = ({ client }: TestCluster, name: string) => client.get(resources.pods, { namespace: 'shop', name });
const events = async ({ client }: TestCluster, reason: string): Promise<Event[]> =>
  (await client.list(resources.events, { namespace: 'shop' })).items.filter((event) => event.reason === reason);

test('pods get nodes, and never more than fit', async () => {
  await using cluster = await startSchedulingCluster();
  for (const name of ['a', 'b', 'c']) await addNode(cluster, name, '2');
  const names = Array.from({ length: 8 }, (_, at) => `p${at}`);
  await Promise.all(names.map((name) => cluster.client.create(resources.pods, pod(name, '900m'))));
  const placed = async () => {
    const pods = (await cluster.client.list(resources.pods, { namespace: 'shop' })).items;
    return pods.flatMap(({ spec }) => spec?.nodeName ?? []);
  };
  await cluster.until(async () => (await placed()).length === 6, 'six pods placed');
  expect((await placed()).sort()).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
  await cluster.until(
    async () => (await events(cluster, 'FailedScheduling')).length === 2,
    'two told that they do not fit',
  );
  await cluster.until(async () => (await events(cluster, 'Scheduled')).length === 6, 'six told of');
  const bound = await get(cluster, (await events(cluster, 'Scheduled'))[0]?.involvedObject.name ?? '');
  expect(bound.status?.conditions).toContainEqual(expect.objectContaining({ type: 'PodScheduled', status: 'True' }));
  expect(cluster.errors).toEqual([]);
});

test('one that fits nowhere says so, and is placed when there is room', async () => {
  await using cluster = await startSchedulingCluster();
  await addNode(cluster, 'a', '1');
  await cluster.client.create(resources.pods, pod('first', '800m'));
  await cluster.until(async () => (await get(cluster, 'first')).spec?.nodeName === 'a', 'the first placed');
  await cluster.client.create(resources.pods, pod('second', '800m'));
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.';
  await cluster.until(async () => {
    const condition = (await get(cluster, 'second')).status?.conditions?.find(({ type }) => type === 'PodScheduled');
    return condition?.status === 'False' && condition.reason === 'Unschedulable' && condition.message === message;
  }, 'the condition');
  expect((await events(cluster, 'FailedScheduling'))[0]).toMatchObject({
    message,
    type: 'Warning',
    source: { component: 'default-scheduler' },
  });
  await cluster.client.delete(resources.pods, { namespace: 'shop', name: 'first' }, { gracePeriodSeconds: 0 });
  await cluster.until(async () => (await get(cluster, 'second')).spec?.nodeName === 'a', 'the second placed');
});

test('gated pods and those of other schedulers are left alone', async () => {
  await using cluster = await startSchedulingCluster();
  const { client } = cluster;
  await client.create(resources.pods, pod('gated', '100m', { schedulingGates: [{ name: 'example.com/wait' }] }));
  await client.create(resources.pods, pod('foreign', '100m', { schedulerName: 'other' }));
  await client.create(resources.pods, pod('plain', '100m'));
  await cluster.until(async () => {
    const [event] = await events(cluster, 'FailedScheduling');
    return event?.message === 'no nodes available to schedule pods';
  }, 'no nodes');
  await addNode(cluster, 'a', '4');
  await cluster.until(async () => (await get(cluster, 'plain')).spec?.nodeName === 'a', 'the plain one placed');
  expect((await get(cluster, 'gated')).spec?.nodeName).toBeUndefined();
  expect((await get(cluster, 'gated')).status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }),
  );
  expect((await get(cluster, 'foreign')).spec?.nodeName).toBeUndefined();
  await client.patch(
    resources.pods,
    { namespace: 'shop', name: 'gated' },
    {
      type: 'json',
      body: [{ op: 'replace', path: '/spec/schedulingGates', value: [] }],
    },
  );
  await cluster.until(async () => (await get(cluster, 'gated')).spec?.nodeName === 'a', 'the gate opened');
});

test('a more important pod makes room for itself, its victims with their grace', async () => {
  await using cluster = await startSchedulingCluster();
  const { client } = cluster;
  startFakeKubelet(cluster, { needsBinding: true, endsAfter: 50 });
  await client.create<PriorityClass>(priorityClasses, priorityClass('high', 1000));
  await addNode(cluster, 'a', '2');
  await client.create(resources.pods, pod('small', '500m'));
  await client.create(resources.pods, pod('large', '1500m'));
  await cluster.until(async () => (await get(cluster, 'large')).spec?.nodeName === 'a', 'the node is full');
  await client.create(resources.pods, pod('never', '1', { priorityClassName: 'high', preemptionPolicy: 'Never' }));
  const refused =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.';
  await cluster.until(
    async () => (await events(cluster, 'FailedScheduling')).some(({ message }) => message === refused),
    'one that preempts nobody',
  );
  await client.delete(resources.pods, { namespace: 'shop', name: 'never' }, { gracePeriodSeconds: 0 });

  const going: Pod[] = [];
  const watching = startInformer<Pod>({ client, resource: resources.pods, signal: cluster.signal });
  const waiting: (string | undefined)[] = [];
  watching.subscribe(({ object }) => {
    if (object.metadata.name === 'large' && object.metadata.deletionTimestamp) going.push(object);
    if (object.metadata.name === 'urgent' && !object.spec?.nodeName) waiting.push(object.status?.nominatedNodeName);
  });
  const { metadata } = await client.create(resources.pods, pod('urgent', '1200m', { priorityClassName: 'high' }));
  await cluster.until(async () => (await get(cluster, 'urgent')).spec?.nodeName === 'a', 'the urgent one placed');

  expect((await get(cluster, 'urgent')).status?.nominatedNodeName).toBeUndefined();
  expect(waiting).toContain('a');
  expect(going[0]?.metadata.deletionGracePeriodSeconds).toBe(30);
  expect(going[0]?.status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    }),
  );
  await cluster.until(async () => (await events(cluster, 'Preempted')).length === 1, 'the event');
  expect((await events(cluster, 'Preempted'))[0]).toMatchObject({
    type: 'Normal',
    message: `Preempted by pod ${metadata.uid} on node a`,
    involvedObject: { name: 'large' },
  });
  expect((await events(cluster, 'FailedScheduling')).map(({ message }) => message)).toContain(
    '0/1 nodes are available: 1 Insufficient cpu.',
  );
  expect((await get(cluster, 'small')).metadata.deletionTimestamp).toBeUndefined();
  expect(cluster.errors).toEqual([]);
});

test('resizes count with the larger of what is asked and what is had, and room that one gives up is used', async () => {
  await using cluster = await startSchedulingCluster();
  const { client } = cluster;
  await addNode(cluster, 'a', '1');
  await client.create(resources.pods, pod('first', '800m'));
  await cluster.until(async () => (await get(cluster, 'first')).spec?.nodeName === 'a', 'the first placed');
  const write = (body: Record<string, unknown>, subresource: string) =>
    client.patch(resources.pods, { namespace: 'shop', name: 'first' }, { type: 'strategic', body }, { subresource });
  const resize = (cpu: string) =>
    write({ spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }] } }, 'resize');
  const has = (cpu: string, conditions: object[] = []) =>
    write(
      {
        status: {
          containerStatuses: [{ name: 'main', allocatedResources: { cpu }, resources: { requests: { cpu } } }],
          conditions,
        },
      },
      'status',
    );
  await has('800m');
  await client.create(resources.pods, pod('second', '500m'));
  await cluster.until(async () => (await events(cluster, 'FailedScheduling')).length === 1, 'the second told');
  await resize('400m');
  await has('400m');
  await cluster.until(async () => (await get(cluster, 'second')).spec?.nodeName === 'a', 'the second placed');

  // The node will never give that, so that it holds no room.
  await client.delete(resources.pods, { namespace: 'shop', name: 'second' }, { gracePeriodSeconds: 0 });
  await resize('5');
  await client.create(resources.pods, pod('third', '500m'));
  await cluster.until(async () => (await events(cluster, 'FailedScheduling')).length === 2, 'the third told');
  await has('400m', [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }]);
  await cluster.until(async () => (await get(cluster, 'third')).spec?.nodeName === 'a', 'the third placed');

  // One that waits fits as soon as it asks for less.
  await client.create(resources.pods, pod('fourth', '500m'));
  await cluster.until(async () => (await events(cluster, 'FailedScheduling')).length === 3, 'the fourth told');
  await client.patch(
    resources.pods,
    { namespace: 'shop', name: 'fourth' },
    { type: 'strategic', body: { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '100m' } } }] } } },
    { subresource: 'resize' },
  );
  await cluster.until(async () => (await get(cluster, 'fourth')).spec?.nodeName === 'a', 'the fourth placed');
  expect(cluster.errors).toEqual([]);
});
