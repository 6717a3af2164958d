import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Container, type Pod, resources } from '@berth/kube/objects';
import { describe, expect, test } from 'vitest';
import { startTestApi } from '../../../api/testing.ts';
import { speaksAs, startTestNode } from '../../fixture.ts';
import { createSimulatedRuntime } from '../../runtime/simulated/index.ts';
import type { ContainerResources, Runtime } from '../../runtime/types.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import { podCgroup } from '../resources.ts';
import { refusalOf } from './admission.ts';
import { admitPending, type Resizing } from './admit-pending.ts';
import type { Resources } from './amounts.ts';
import { changesOf } from './changes.ts';
import { resizeMessage } from './message.ts';
import { PodResize } from './pod-resize.ts';
import { openResizeRecords, type ResizeRecords } from './record.ts';

const both = (cpu: string, memory: string): Resources => ({ requests: { cpu, memory }, limits: { cpu, memory } });

function podOf(containers: Partial<Container>[], rest: object = {}, status: Pod['status'] = {}): Pod {
  const metadata = { name: 'web', namespace: 'default', uid: 'u1', generation: 1 };
  const spec = { containers: containers.map((one) => ({ name: 'main', image: 'x', ...one })), ...rest };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec, status } as Pod;
}

const running = (name: string, given: Resources, more: Partial<ObservedContainer> = {}): ObservedContainer =>
  ({ id: `id-${name}`, name, state: 'running', given, annotations: {}, ...more }) as ObservedContainer;
const observedOf = (...containers: ObservedContainer[]): ObservedPod => ({ sandboxes: [], containers });

describe('what a resize changes', () => {
  const shown = ({ restarts, updates, replaced }: ReturnType<typeof changesOf>) => ({
    restarts: restarts.map(({ container }) => container.name),
    memory: updates.memory.map(({ container }) => container.name),
    cpu: updates.cpu.map(({ container }) => container.name),
    replaced,
  });

  test('nothing, where containers have what they were allocated, in whatever notation', () => {
    const pod = podOf([{ resources: both('1', '1Gi') }]);
    const none = { restarts: [], memory: [], cpu: [], replaced: false };
    expect(shown(changesOf(pod, observedOf(running('main', both('1000m', '1024Mi')))))).toEqual(none);
    const unknown = { ...running('main', {}) };
    delete unknown.given;
    expect(shown(changesOf(pod, observedOf(unknown)))).toEqual(none);
    expect(shown(changesOf(pod, observedOf(running('main', {}, { state: 'exited' }))))).toEqual(none);
  });

  test('who gives up comes before who gets, resource by resource', () => {
    const pod = podOf(
      [
        { name: 'a', resources: both('2', '1Gi') },
        { name: 'b', resources: both('1', '2Gi') },
        { name: 'c', resources: { requests: { memory: '2Gi' } } },
      ],
      {
        initContainers: [
          { name: 'side', restartPolicy: 'Always', resources: both('1', '2Gi') },
          { name: 'first', resources: both('1', '1Gi') },
        ],
      },
    );
    const observed = observedOf(
      running('a', both('1', '2Gi')),
      running('b', both('2', '1Gi')),
      running('c', { requests: { memory: '1Gi' } }),
      running('side', both('2', '1Gi')),
      running('first', both('2', '2Gi')),
    );
    expect(shown(changesOf(pod, observed))).toEqual({
      restarts: [],
      memory: ['a', 'side', 'b', 'c'],
      cpu: ['b', 'side', 'a'],
      replaced: false,
    });
  });

  test('a restart, by the policy of what changes alone', () => {
    const resizePolicy = [
      { resourceName: 'cpu', restartPolicy: 'NotRequired' as const },
      { resourceName: 'memory', restartPolicy: 'RestartContainer' as const },
    ];
    const pod = podOf([{ resources: both('2', '1Gi'), resizePolicy }]);
    expect(shown(changesOf(pod, observedOf(running('main', both('1', '1Gi')))))).toMatchObject({
      restarts: [],
      cpu: ['main'],
    });
    expect(shown(changesOf(pod, observedOf(running('main', both('1', '2Gi')))))).toMatchObject({
      restarts: ['main'],
      cpu: [],
    });
    const ended = running('main', both('1', '2Gi'), { state: 'exited', replaced: true });
    expect(shown(changesOf(pod, observedOf(ended)))).toMatchObject({ restarts: [], replaced: true });
  });
});

describe('the room on a node', () => {
  const room = { capacity: { cpu: 2000, memory: 1 << 30 }, allocatable: { cpu: 2000, memory: 1000 << 20 } };
  const status = (name: string, of: Resources): Pod['status'] => ({
    containerStatuses: [{ name, resources: of, allocatedResources: of.requests }] as never,
  });

  test('is taken by what others were allocated and still have', () => {
    const other = podOf([{ resources: both('500m', '100Mi') }], {}, status('main', both('1', '100Mi')));
    expect(refusalOf(podOf([{ resources: both('1', '100Mi') }]), [other], room)).toBeUndefined();
    expect(refusalOf(podOf([{ resources: both('1100m', '100Mi') }]), [other], room)).toEqual({
      reason: 'Deferred',
      message: "Node didn't have enough resource: cpu, requested: 1100, used: 1000, capacity: 2000",
    });
    expect(refusalOf(podOf([{ resources: { requests: { memory: '950Mi' } } }]), [other], room)).toEqual({
      reason: 'Deferred',
      message: `Node didn't have enough resource: memory, requested: ${950 << 20}, used: ${100 << 20}, capacity: ${1000 << 20}`,
    });
  });

  test('never suffices for more than the machine has', () => {
    expect(refusalOf(podOf([{ resources: both('3', '2Gi') }]), [], room)).toEqual({
      reason: 'Infeasible',
      message: `Node didn't have enough capacity: memory, requested: ${2 ** 31}, capacity: ${2 ** 30}`,
    });
    expect(refusalOf(podOf([{ resources: both('3', '1Mi') }]), [], room)).toEqual({
      reason: 'Infeasible',
      message: "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000",
    });
  });
});

/** The expected texts are those of kubelet's own tests of its messages. */
test('events say what is asked for as kubelet does', () => {
  const one = podOf([{ name: 'c0', resources: both('100m', '100') }]);
  expect(resizeMessage(one, 'completed', 1)).toBe(
    'Pod resize completed: {"containers":[{"name":"c0","resources":{"limits":{"cpu":"100m","memory":"100"},"requests":{"cpu":"100m","memory":"100"}}}],"generation":1}',
  );
  const several = podOf(
    [
      { name: 'c1', resources: { requests: { memory: '100' }, limits: { memory: '200' } } },
      { name: 'c2', resources: { requests: { memory: '100', cpu: '200m' } } },
    ],
    { initContainers: [{ name: 'c0', resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } } }] },
  );
  expect(resizeMessage(several, 'error', 2, 'some error occurred')).toBe(
    'Pod resize error: {"initContainers":[{"name":"c0","resources":{"limits":{"cpu":"200m"},"requests":{"cpu":"100m"}}}],"containers":[{"name":"c1","resources":{"limits":{"memory":"200"},"requests":{"memory":"100"}}},{"name":"c2","resources":{"requests":{"cpu":"200m","memory":"100"}}}],"generation":2,"error":"some error occurred"}',
  );
  expect(resizeMessage(podOf([{ name: 'c0' }]), 'completed', 3)).toBe(
    'Pod resize completed: {"containers":[{"name":"c0","resources":{}}],"generation":3}',
  );
});

test('the cgroup of a pod has what all have together, limits where everybody has one', () => {
  const sidecar = { name: 'side', restartPolicy: 'Always', resources: both('100m', '10Mi') };
  const pod = podOf([{ resources: both('200m', '20Mi') }], { initContainers: [sidecar] });
  expect(podCgroup(pod)).toEqual({ cpuShares: 307, cpuQuota: 30_000, memoryLimit: 30 << 20 });
  const half = podOf([{ resources: both('200m', '20Mi') }, { name: 'b', resources: { limits: { memory: '5Mi' } } }]);
  expect(podCgroup(half)).toEqual({ cpuShares: 204, memoryLimit: 25 << 20 });
  expect(podCgroup(podOf([{}]))).toEqual({ cpuShares: 2 });
});

test('records outlive who wrote them, go with their pods, and a damaged one is told of and left out', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-resizes-'));
  const damaged: unknown[] = [];
  const open = () => openResizeRecords(directory, (error) => damaged.push(error));
  try {
    const first = await open();
    const record = { allocated: { main: both('1', '1Gi') }, given: { id: both('1', '1Gi') }, replaced: ['id'] };
    await Promise.all([first.keep('a', { ...record, replaced: [] }), first.keep('a', record), first.keep('b', record)]);
    // Of a write that was cut off.
    await writeFile(join(directory, 'b.json.new'), '{');
    const second = await open();
    expect(second.of('a')).toEqual(record);
    await Promise.all([second.keep('c', record), second.forget('c')]);
    await second.retain(new Set(['a']));
    expect(await readdir(directory)).toEqual(['a.json']);
    await writeFile(join(directory, 'a.json'), '{"allocated":');
    expect((await open()).of('a')).toBeUndefined();
    expect(damaged).toHaveLength(1);
  } finally {
    await rm(directory, { recursive: true });
  }
});

/** A pod that runs with one processor and asks for two. */
function growing(keep: ResizeRecords['keep'] = async () => undefined) {
  const events: string[] = [];
  const resize = new PodResize({
    pod: podOf([{ resources: both('1', '1Mi') }]),
    observed: observedOf(running('main', both('1', '1Mi'))),
    records: { of: () => undefined, keep, forget: async () => undefined, retain: async () => undefined },
    recorder: { record: (_pod, _severity, reason) => void events.push(reason) },
    now: () => 0,
  });
  resize.take(podOf([{ resources: both('2', '1Mi') }]));
  return { resize, events };
}

test('a record that could not be written is written when it is asked for again', async () => {
  let failures = 2;
  const { resize } = growing(async () => {
    if (failures-- > 0) throw new Error('the disk is full');
  });
  resize.admit();
  await expect(resize.kept()).rejects.toThrow('the disk is full');
  await resize.kept();
});

test('a resize that was decided while another one was is not decided again', () => {
  const room = { cpu: 8000, memory: 1 << 30 };
  const [one, two] = [growing(), growing()];
  const all: Resizing[] = [one, two].map(({ resize }) => ({
    resize,
    pod: resize.pod,
    decided: () => admitPending(all, { capacity: room, allocatable: room }),
  }));
  admitPending(all, { capacity: room, allocatable: room });
  expect([one.events, two.events]).toEqual([['ResizeStarted'], ['ResizeStarted']]);
});

/** A node whose agent is the real one, on a runtime without processes. */
async function simulatedNode() {
  const api = await startTestApi();
  const client = api.api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  await client.create(resources.serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  });
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-node-'));
  const runtime: Runtime = createSimulatedRuntime();
  const start = () => startTestNode({ ...speaksAs(api.api), dataDir, runtime, signal: new AbortController().signal });
  let agent = await start();
  const at = (name: string) => ({ namespace: 'default', name });
  const get = (name: string) => client.get(resources.pods, at(name));
  return {
    run: (name: string, container: Partial<Container>, spec: object = {}) =>
      client.create(resources.pods, {
        ...podOf([container], { nodeName: 'n0', automountServiceAccountToken: false, ...spec }),
        metadata: at(name),
      }),
    remove: (name: string) => client.delete(resources.pods, at(name)),
    phase: async (name: string) => (await get(name)).status?.phase,
    async restartAgent(between: () => Promise<void>) {
      await agent.stop();
      await between();
      agent = await start();
    },
    resize: (name: string, amounts: Resources) => {
      const body = { spec: { containers: [{ name: 'main', resources: amounts }] } };
      return client.patch(resources.pods, at(name), { type: 'strategic', body }, { subresource: 'resize' });
    },
    /** What is told of the pod and its container once there is nothing of a resize left, or once it waits for `reason`. */
    async state(name: string, reason?: string) {
      const { status, metadata } = await get(name);
      const resizes = (status?.conditions ?? []).filter(({ type }) => type.startsWith('PodResize'));
      const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
      const isThere = reason === undefined ? resizes.length === 0 : resizes.some((one) => one.reason === reason);
      if (!isReady || !isThere || status?.observedGeneration !== metadata.generation) return undefined;
      const [told] = status?.containerStatuses ?? [];
      const id = told?.containerID?.replace('simulated://', '') ?? '';
      const { resources: has }: { resources?: ContainerResources } = await runtime.containerStatus(id);
      return { restarts: told?.restartCount, resources: told?.resources, cpuQuota: has?.cpuQuota };
    },
    async [Symbol.asyncDispose]() {
      await agent.stop();
      runtime.close();
      await api[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true });
    },
  };
}

describe('on a simulated runtime', () => {
  const patient = { timeout: 10_000 };

  test('a container gets more as it runs, or by a restart where it asks for one', async () => {
    await using node = await simulatedNode();
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' as const }];
    await node.run('web', { resources: both('10m', '64Mi'), resizePolicy }, { restartPolicy: 'OnFailure' });
    const state = (restarts: number, of: Resources, cpuQuota: number) =>
      expect.poll(() => node.state('web'), patient).toEqual({ restarts, resources: of, cpuQuota });
    await state(0, both('10m', '64Mi'), 1000);
    await node.resize('web', both('20m', '64Mi'));
    await state(0, both('20m', '64Mi'), 2000);
    await node.resize('web', both('30m', '128Mi'));
    await state(1, both('30m', '128Mi'), 3000);
  });

  test('what has no room waits, the more important first', async () => {
    await using node = await simulatedNode();
    const share = (of: number) => both('1m', `${Math.floor((totalMebibytes() * of) / 100)}Mi`);
    await node.run('large', { resources: share(60) });
    for (const name of ['plain', 'urgent']) {
      const priority = name === 'urgent' ? { priorityClassName: 'system-node-critical' } : {};
      await node.run(name, { resources: share(1) }, priority);
      await expect.poll(() => node.state(name), patient).toBeDefined();
    }
    await expect.poll(() => node.state('large'), patient).toBeDefined();
    await node.resize('plain', share(60));
    await node.resize('urgent', share(60));
    for (const name of ['plain', 'urgent']) {
      await expect.poll(() => node.state(name, 'Deferred'), patient).toMatchObject({ resources: share(1) });
    }
    await node.remove('large');
    await expect.poll(() => node.state('urgent'), patient).toMatchObject({ resources: share(60), restarts: 0 });
    expect(await node.state('plain', 'Deferred')).toMatchObject({ resources: share(1) });
    await node.resize('urgent', share(200));
    await expect.poll(() => node.state('urgent', 'Infeasible'), patient).toMatchObject({ resources: share(60) });
    await node.resize('urgent', share(10));
    await expect.poll(() => node.state('plain'), patient).toMatchObject({ resources: share(60), restarts: 0 });
  });

  test('an agent that takes over counts all that runs, and none that it refuses', async () => {
    await using node = await simulatedNode();
    const share = (of: number) => ({ resources: both('1m', `${Math.floor((totalMebibytes() * of) / 100)}Mi`) });
    const phase = (name: string, expected: string) => expect.poll(() => node.phase(name), patient).toBe(expected);
    await node.run('b-runs', share(60));
    await phase('b-runs', 'Running');
    await node.restartAgent(async () => {
      await node.run('a-large', share(60));
      await node.run('c-small', share(20));
    });
    await phase('a-large', 'Failed');
    await phase('c-small', 'Running');
    expect(await node.phase('b-runs')).toBe('Running');
  });

  test('no memory limit goes below what is in use', async () => {
    await using node = await simulatedNode();
    await node.run('web', { resources: both('10m', '64Mi') });
    await expect.poll(() => node.state('web'), patient).toBeDefined();
    await node.resize('web', both('10m', '1Mi'));
    await expect.poll(() => node.state('web', 'Error'), patient).toMatchObject({ resources: both('10m', '64Mi') });
    await node.resize('web', both('10m', '32Mi'));
    await expect.poll(() => node.state('web'), patient).toMatchObject({ resources: both('10m', '32Mi'), restarts: 0 });
  });
});

const totalMebibytes = () => Math.floor(totalmem() / 2 ** 20);
