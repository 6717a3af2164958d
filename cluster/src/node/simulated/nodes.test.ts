import { type Change, startInformer } from '@berth/kube/client';
import { type Node, type Pod, resources } from '@berth/kube/objects';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { identities } from '../../api/index.ts';
import { startTestApi } from '../../api/testing.ts';
import { simulatedUse, startSimulatedNodes } from './index.ts';

async function startNodes(count: number) {
  const { api, [Symbol.asyncDispose]: close } = await startTestApi();
  const client = api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  const metadata = { name: 'default', namespace: 'default' };
  await client.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  const over = new AbortController();
  const { signal } = over;
  const nodes = await startSimulatedNodes({
    client: api.client(identities.simulatedNodes),
    volumes: api.client(identities.volumes),
    count,
    logger: pino({ level: 'silent' }),
    signal,
  });
  const changes: Change<Pod>[] = [];
  startInformer<Pod>({ client, resource: resources.pods, signal }).subscribe((change) => changes.push(change));
  return {
    client,
    nodes,
    /** What a pod has been, in order, each as a line. */
    seen: (name: string) => [
      ...new Set(changes.filter(({ object }) => object.metadata.name === name).map((change) => lineOf(change))),
    ],
    pod: (name: string) => client.get(resources.pods, { namespace: 'default', name }),
    create: (name: string, spec: object, behaviour: Record<string, string> = {}) =>
      client.create(resources.pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name,
          namespace: 'default',
          annotations: Object.fromEntries(
            Object.entries(behaviour).map(([key, value]) => [`berth.dev/simulated-${key}`, value]),
          ),
        },
        spec: { nodeName: 'simulated-1', containers: [{ name: 'main', image: 'x' }], ...spec },
      }),
    async [Symbol.asyncDispose]() {
      await nodes.stop();
      over.abort();
      await close();
    },
  };
}

function lineOf({ type, object: { metadata, status } }: Change<Pod>): string {
  const container = status?.containerStatuses?.[0];
  const state = container?.state?.waiting?.reason ?? Object.keys(container?.state ?? {})[0] ?? '';
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
  const going = type === 'deleted' ? ' gone' : metadata.deletionTimestamp ? ' going' : '';
  return `${status?.phase} ${state}${container?.restartCount ?? ''}${ready ? ' ready' : ''}${going}`;
}

test('simulated nodes are ready, and their pods run, end and go', async () => {
  await using nodes = await startNodes(20);
  const { client, create, seen } = nodes;
  const listed = await client.list(resources.nodes);
  expect(listed.items).toHaveLength(20);
  const ready = listed.items.map((node) => node.status?.conditions?.find(({ type }) => type === 'Ready')?.status);
  expect(new Set(ready)).toEqual(new Set(['True']));

  await create('stays', {});
  await create('ends', { restartPolicy: 'Never' }, { 'run-seconds': '0' });
  await create('fails', { restartPolicy: 'Never' }, { 'run-seconds': '0', 'exit-code': '3' });
  await expect.poll(() => seen('stays')).toContain('Running running0 ready');
  await expect.poll(() => seen('ends')).toContain('Succeeded terminated0');
  await expect.poll(() => seen('fails')).toContain('Failed terminated0');
  expect((await nodes.pod('fails')).status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
    exitCode: 3,
    reason: 'Error',
  });
  await client.delete(resources.pods, { namespace: 'default', name: 'stays' });
  await expect.poll(() => seen('stays').at(-1)).toMatch(/gone$/);
});

test('a pod of which others said that it is not ready, while nobody heard of its node, says that it is', async () => {
  await using nodes = await startNodes(2);
  const { client, create, seen } = nodes;
  await create('doubted', {});
  await create('gated', { readinessGates: [{ conditionType: 'example.com/gate' }] });
  const ready = async (name: string) =>
    (await nodes.pod(name)).status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  await expect.poll(() => seen('doubted')).toContain('Running running0 ready');
  const doubt = { type: 'strategic', body: { status: { conditions: [{ type: 'Ready', status: 'False' }] } } } as const;
  const key = { namespace: 'default', name: 'doubted' };
  await client.patch(resources.pods, key, doubt, { subresource: 'status' });
  await expect.poll(() => ready('doubted')).toBe('True');
  // Nothing but its gate is missing, and only whoever keeps that can say so.
  expect(await ready('gated')).toBe('False');
});

test('a wave of pods, more than are written at once, runs to the last', async () => {
  await using nodes = await startNodes(10);
  const names = Array.from({ length: 200 }, (_, index) => `wave-${index}`);
  await Promise.all(names.map((name) => nodes.create(name, {})));
  const phases = async () => {
    const { items } = await nodes.client.list<Pod>(resources.pods);
    return items.filter(({ status }) => status?.phase !== 'Running').map(({ metadata }) => metadata.name);
  };
  await expect.poll(phases, { timeout: 20_000 }).toEqual([]);
});

test('pods start late, become ready later, take their time to end, or never start', async () => {
  await using nodes = await startNodes(2);
  const { client, create, seen } = nodes;
  await create('slow', {}, { 'start-seconds': '0.2', 'ready-seconds': '0.2', 'stop-seconds': '0.3' });
  await expect.poll(() => seen('slow')).toContain('Running running0 ready');
  expect(seen('slow')).toEqual([
    'Pending ',
    'Pending ContainerCreating0',
    'Running running0',
    'Running running0 ready',
  ]);
  await client.delete(resources.pods, { namespace: 'default', name: 'slow' });
  await expect.poll(() => seen('slow').at(-1)).toMatch(/gone$/);
  expect(seen('slow').at(-2)).toBe('Running running0 ready going');

  await create('stuck', {}, { 'waiting-reason': 'ImagePullBackOff' });
  await expect.poll(() => seen('stuck').at(-1)).toBe('Pending ImagePullBackOff0');
});

test('what crashes is started again, with growing pauses', async () => {
  await using nodes = await startNodes(2);
  await nodes.create('crashes', {}, { 'run-seconds': '0', 'exit-code': '1' });
  await expect.poll(() => nodes.seen('crashes').at(-1)).toBe('Running CrashLoopBackOff1');
  expect(nodes.seen('crashes')).toContain('Running terminated0');
  const [status] = (await nodes.pod('crashes')).status?.containerStatuses ?? [];
  expect(status?.state?.waiting?.message).toMatch(/^back-off 10s restarting failed container=main/);
  expect(status?.lastState?.terminated?.exitCode).toBe(1);
});

test('a lost node renews nothing and ends nothing, and catches up when it is back', async () => {
  await using nodes = await startNodes(2);
  const { client, create, seen } = nodes;
  const annotate = (value: string | null) =>
    client.patch<Node>(
      resources.nodes,
      { name: 'simulated-1' },
      { type: 'merge', body: { metadata: { annotations: { 'berth.dev/simulated-lost': value } } } },
    );
  await create('there', {});
  await expect.poll(() => seen('there')).toContain('Running running0 ready');
  await annotate('true');
  await create('other', { nodeName: 'simulated-0' });
  // Pods of the other node go on, which shows that the loss was noticed before what follows.
  await expect.poll(() => seen('other')).toContain('Running running0 ready');
  await create('later', {});
  await client.delete(resources.pods, { namespace: 'default', name: 'there' });
  await client.delete(resources.pods, { namespace: 'default', name: 'other' });
  await expect.poll(() => seen('other').at(-1)).toMatch(/gone$/);
  expect(seen('there').at(-1)).toBe('Running running0 ready going');
  expect(seen('later')).toEqual(['Pending ']);
  await annotate(null);
  await expect.poll(() => seen('there').at(-1)).toMatch(/gone$/);
  await expect.poll(() => seen('later')).toContain('Running running0 ready');
});

test('a node answers as an agent does, by what is said to be used; one that is silent does not', async () => {
  await using fixture = await startNodes(2);
  const { client, create, seen, nodes } = fixture;
  const containers = [
    { name: 'main', image: 'x', resources: { requests: { cpu: '300m' } } },
    { name: 'side', image: 'x', resources: { requests: { cpu: '100m' } } },
  ];
  await create('there', { containers }, { cpu: '2', memory: '64Mi' });
  await expect.poll(() => seen('there')).toContain('Running running0 ready');
  const text = async (path: string) => (await nodes.answer('simulated-1', path))?.body ?? '';
  const resource = await text('/metrics/resource');
  expect(resource).toMatch(/^node_memory_working_set_bytes 67108864 \d{13}$/m);
  expect(resource).toMatch(
    /^container_memory_working_set_bytes\{container="side",namespace="default",pod="there"\} 33554432 /m,
  );
  const cpuOf = (body: string) => Number(/^pod_cpu_usage_seconds_total\{.*\} (\S+) /m.exec(body)?.[1]);
  const before = cpuOf(resource);
  await expect.poll(async () => cpuOf(await text('/metrics/resource'))).toBeGreaterThan(before);
  const { node, pods } = JSON.parse(await text('/stats/summary'));
  expect(node).toMatchObject({ nodeName: 'simulated-1', cpu: { usageNanoCores: 2_000_000_000 } });
  expect(pods).toMatchObject([
    {
      podRef: { name: 'there', namespace: 'default' },
      containers: [
        { name: 'main', cpu: { usageNanoCores: 1_500_000_000 } },
        { name: 'side', cpu: { usageNanoCores: 500_000_000 } },
      ],
    },
  ]);
  expect(await text('/metrics/cadvisor')).toMatch(
    /^container_cpu_usage_seconds_total\{container="main",.*cpu="total"\} /m,
  );
  expect(JSON.parse(await text('/pods'))).toMatchObject({ kind: 'PodList', items: [{ metadata: { name: 'there' } }] });
  expect(await text('/healthz')).toBe('ok');
  expect((await nodes.answer('simulated-1', '/absent'))?.code).toBe(404);
  expect(nodes.answer('node-1', '/healthz')).toBeUndefined();
  const body = { metadata: { annotations: { 'berth.dev/simulated-lost': 'true' } } };
  await client.patch<Node>(resources.nodes, { name: 'simulated-1' }, { type: 'merge', body });
  await expect.poll(() => nodes.answer('simulated-1', '/healthz')).toBeUndefined();
});

test('what a pod uses is said by its annotations, or half of what it requests', () => {
  const pod = (annotations: Record<string, string>): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', annotations },
    spec: { containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '500m', memory: '1Gi' } } }] },
  });
  expect(simulatedUse(pod({}))).toEqual({ cpu: 250, memory: 2 ** 29 });
  expect(simulatedUse(pod({ 'berth.dev/simulated-cpu': '1500m', 'berth.dev/simulated-memory': '64Mi' }))).toEqual({
    cpu: 1500,
    memory: 2 ** 26,
  });
});

test('a resize is given where there is room, waits where there is none, and restarts what asks for it', async () => {
  await using nodes = await startNodes(2);
  const { client, create, pod } = nodes;
  const asking = (cpu: string) => ({ requests: { cpu } });
  const container = (cpu: string, more: object = {}) => [{ name: 'main', image: 'x', resources: asking(cpu), ...more }];
  const resize = (name: string, cpu: string) => {
    const body = { spec: { containers: [{ name: 'main', resources: asking(cpu) }] } };
    const patch = { type: 'strategic', body } as const;
    return client.patch(resources.pods, { namespace: 'default', name }, patch, { subresource: 'resize' });
  };
  const state = async (name: string) => {
    const { status } = await pod(name);
    const [main] = status?.containerStatuses ?? [];
    const told = status?.conditions?.find(({ type }) => type === 'PodResizePending');
    const cpu = (main?.resources?.requests as Record<string, string> | undefined)?.cpu;
    return [cpu, main?.restartCount, main?.ready, ...(told ? [told.reason] : [])];
  };
  await create('large', { containers: container('20') });
  await create('small', { containers: container('1') });
  const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
  await create('strict', { containers: container('1', { resizePolicy }) });
  for (const name of ['large', 'small', 'strict']) await expect.poll(() => state(name)).toContain(true);
  await resize('small', '2');
  await expect.poll(() => state('small')).toEqual(['2', 0, true]);
  await resize('strict', '2');
  await expect.poll(() => state('strict')).toEqual(['2', 1, true]);
  await resize('small', '20');
  await expect.poll(() => state('small')).toEqual(['2', 0, true, 'Deferred']);
  await resize('large', '40');
  await expect.poll(() => state('large')).toEqual(['20', 0, true, 'Infeasible']);
  await resize('large', '5');
  await expect.poll(() => state('small')).toEqual(['20', 0, true]);
  expect(await state('large')).toEqual(['5', 0, true]);
  await resize('strict', '20');
  await expect.poll(() => state('strict')).toEqual(['2', 1, true, 'Deferred']);
  await client.delete(resources.pods, { namespace: 'default', name: 'small' });
  await expect.poll(() => state('strict')).toEqual(['20', 2, true]);
  expect((await pod('strict')).status?.observedGeneration).toBe((await pod('strict')).metadata.generation);
});
