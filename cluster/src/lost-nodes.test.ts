import { type Node, type Pod, resources } from '@berth/kube/objects';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { identities } from './api/index.ts';
import { startTestCluster } from './controllers/test-cluster.ts';
import { startSimulatedNodes } from './node/index.ts';

const grace = 3_000;

async function start() {
  const cluster = await startTestCluster({ nodeMonitorGracePeriod: grace });
  const { client, signal } = cluster;
  const metadata = { name: 'default', namespace: 'shop' };
  await cluster.until(
    () =>
      client.get(resources.serviceAccounts, metadata).then(
        () => true,
        () => false,
      ),
    'the service account',
  );
  const logger = pino({ level: 'silent' });
  const nodes = await startSimulatedNodes({
    client: cluster.clientOf(identities.simulatedNodes),
    volumes: cluster.clientOf(identities.volumes),
    signal,
    logger,
    count: 3,
    prefix: 'n',
    leaseSeconds: 1,
  });
  const pod = (name: string) => client.get(resources.pods, { namespace: 'shop', name });
  return {
    ...cluster,
    pod,
    node: (name: string) => client.get(resources.nodes, { name }),
    loses: (name: string, lost: 'true' | null) =>
      client.patch<Node>(
        resources.nodes,
        { name },
        { type: 'merge', body: { metadata: { annotations: { 'berth.dev/simulated-lost': lost } } } },
      ),
    run: (name: string, nodeName: string, tolerationSeconds: number) =>
      client.create(resources.pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace: 'shop', name },
        spec: {
          nodeName,
          containers: [{ name: 'main', image: 'x' }],
          tolerations: [
            { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds },
          ],
        },
      }),
    events: async (kind: string, name: string) =>
      (await client.list(resources.events)).items
        .filter(({ involvedObject }) => involvedObject?.kind === kind && involvedObject.name === name)
        .map(({ type, reason, message }) => `${type} ${reason} ${message}`),
    async [Symbol.asyncDispose]() {
      await nodes.stop();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

const condition = (object: Node | Pod, type: string) => object.status?.conditions?.find((one) => one.type === type);
const taints = ({ spec }: Node) => (spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);

test('pods of a node that fell silent are not ready, go after what they tolerate, and end when it is back', async () => {
  await using cluster = await start();
  const { node, pod, until } = cluster;
  await cluster.run('patient', 'n-1', 3600);
  await cluster.run('goes', 'n-1', 1);
  await cluster.run('elsewhere', 'n-2', 1);
  const ready = async (name: string) => condition(await pod(name), 'Ready')?.status;
  for (const name of ['patient', 'goes', 'elsewhere'])
    await until(async () => (await ready(name)) === 'True', `${name} is ready`);

  await cluster.loses('n-1', 'true');
  await until(async () => condition(await node('n-1'), 'Ready')?.status === 'Unknown', 'n-1 is Unknown');
  expect(condition(await node('n-1'), 'MemoryPressure')).toMatchObject({
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
  });
  expect(await ready('patient')).toBe('False');
  await until(async () => (await pod('goes')).metadata.deletionTimestamp !== undefined, 'the pod is deleted');
  expect(taints(await node('n-1'))).toEqual([
    'node.kubernetes.io/unreachable:NoSchedule',
    'node.kubernetes.io/unreachable:NoExecute',
  ]);
  expect(condition(await pod('goes'), 'DisruptionTarget')).toMatchObject({ reason: 'DeletionByTaintManager' });
  expect(await ready('elsewhere')).toBe('True');
  await expect
    .poll(() => cluster.events('Pod', 'goes'))
    .toContain('Normal TaintManagerEviction Marking for deletion Pod shop/goes');
  expect(await cluster.events('Pod', 'goes')).toContain('Warning NodeNotReady Node is not ready');
  expect(await cluster.events('Node', 'n-1')).toContain('Normal NodeNotReady Node n-1 status is now: NodeNotReady');

  await cluster.loses('n-1', null);
  await until(async () => taints(await node('n-1')).length === 0, 'the taints go');
  expect(condition(await node('n-1'), 'Ready')?.status).toBe('True');
  await until(async () => !(await pod('goes').catch(() => undefined)), 'the deleted pod ends');
  await expect
    .poll(() => cluster.events('Pod', 'patient'))
    .toContain('Normal TaintManagerEviction Cancelling deletion of Pod shop/patient');
  expect((await pod('patient')).metadata.deletionTimestamp).toBeUndefined();
  expect(cluster.errors).toEqual([]);
});

test('no pod goes while every node is silent', async () => {
  await using cluster = await start();
  await cluster.run('stays', 'n-1', 0);
  const names = ['n-0', 'n-1', 'n-2'];
  await Promise.all(names.map((name) => cluster.loses(name, 'true')));
  const silent = async () =>
    (await Promise.all(names.map(cluster.node))).every((node) => condition(node, 'Ready')?.status === 'Unknown');
  await cluster.until(silent, 'all are Unknown');
  // New pods are kept away all the same.
  await cluster.until(
    async () => taints(await cluster.node('n-1')).join() === 'node.kubernetes.io/unreachable:NoSchedule',
    'only the taint that keeps away',
  );
});
