import { readFile } from 'node:fs/promises';
import { type Container, type Pod, type PodSpec, resources } from '@berth/kube/objects';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type NodeFixture, nodeFixture } from '../../fixture.ts';
import type { ContainerResources, Runtime } from '../../runtime/types.ts';
import { cgroupParentOf } from '../resources.ts';
import type { Resources } from './amounts.ts';

/** What the runtime is told, in order; a container that is `refused` is neither changed nor started again. */
const told: { id: string; resources: ContainerResources }[] = [];
const refused = new Set<string>();
const through = (runtime: Runtime): Runtime => ({
  ...runtime,
  createContainer(sandbox, config, of) {
    if (config.attempt > 0 && refused.has(config.name)) throw new Error('the runtime is out of order');
    return runtime.createContainer(sandbox, config, of);
  },
  async updateResources(id, given) {
    const { name } = await runtime.containerStatus(id);
    if (refused.has(name)) throw new Error('the runtime is out of order');
    told.push({ id, resources: given });
    await runtime.updateResources(id, given);
  },
});

let node: NodeFixture;
beforeAll(async () => {
  node = await nodeFixture({ through });
});
afterAll(() => node[Symbol.asyncDispose]());
/** What they ask for counts on the node as long as they are there. */
afterEach(async () => {
  const { items } = await node.client.list(resources.pods, { namespace: 'default' });
  for (const { metadata } of items)
    await node.client.delete(resources.pods, { namespace: 'default', name: metadata.name });
  await expect
    .poll(async () => (await node.client.list(resources.pods, { namespace: 'default' })).items, { timeout: 20_000 })
    .toEqual([]);
});

const image = 'berth.local/busybox:1';
/** Ready once it listens for the signal, so that it ends well whenever it is told to. */
const sleeper = (name: string, amounts: Resources, rest: Partial<Container> = {}): Container => ({
  name,
  image,
  command: ['/bin/sh', '-c', 'trap "exit 0" TERM; touch /ready; sleep 1d & wait'],
  readinessProbe: { exec: { command: ['cat', '/ready'] }, periodSeconds: 1 },
  resources: amounts,
  ...rest,
});
const both = (cpu: string, memory: string): Resources => ({ requests: { cpu, memory }, limits: { cpu, memory } });
const statusOf = (pod: Pod, name = 'main') =>
  [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find(
    (status) => status.name === name,
  );
const condition = (pod: Pod, type: string) => pod.status?.conditions?.find((found) => found.type === type);
const isReady = (pod: Pod) => condition(pod, 'Ready')?.status === 'True';
const isSettled = (pod: Pod) =>
  pod.status?.observedGeneration === pod.metadata.generation &&
  isReady(pod) &&
  !condition(pod, 'PodResizePending') &&
  !condition(pod, 'PodResizeInProgress');

async function started(name: string, spec: Partial<PodSpec> & { containers: Container[] }): Promise<Pod> {
  await node.run(name, spec);
  return await node.until(name, isReady);
}

/** As `kubectl patch --subresource resize` does. */
const resize = (name: string, containers: Record<string, Resources>, list = 'containers') =>
  node.client.patch(
    resources.pods,
    { namespace: 'default', name },
    {
      type: 'strategic',
      body: { spec: { [list]: Object.entries(containers).map(([of, amounts]) => ({ name: of, resources: amounts })) } },
    },
    { subresource: 'resize' },
  );

const unifiedOrNot = (file: { v1: string; v2: string }) => (path: string) =>
  Promise.any([
    readFile(`/sys/fs/cgroup/${file.v1.split('.')[0]}${path}/${file.v1}`, 'utf8'),
    readFile(`/sys/fs/cgroup${path}/${file.v2}`, 'utf8'),
  ]).then((text) => text.trim().split(' ')[0]);
const memoryLimit = unifiedOrNot({ v1: 'memory.limit_in_bytes', v2: 'memory.max' });
const quota = unifiedOrNot({ v1: 'cpu.cfs_quota_us', v2: 'cpu.max' });
const weight = unifiedOrNot({ v1: 'cpu.shares', v2: 'cpu.weight' });

/** What the kernel keeps of the pod and of one container, memory in MiB. */
async function kernelOf(pod: Pod, name = 'main') {
  const path = cgroupParentOf(pod, node.containerd.instance);
  const id = statusOf(pod, name)?.containerID?.replace(/^.*:\/\//, '');
  const mebibytes = async (of: string) => Number(await memoryLimit(of)) / 2 ** 20;
  return {
    pod: { quota: await quota(path), memory: await mebibytes(path) },
    container: { quota: await quota(`${path}/${id}`), memory: await mebibytes(`${path}/${id}`) },
  };
}

const eventsOf = async (name: string) => {
  const { items } = await node.client.list(resources.events, { namespace: 'default' });
  return items
    .filter(({ involvedObject, reason }) => involvedObject.name === name && reason?.startsWith('Resize'))
    .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
    .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
};

test('a running container gets more and less, and so does its pod', async () => {
  const pod = await started('grown', { containers: [sleeper('main', both('100m', '32Mi'))] });
  expect(statusOf(pod)).toMatchObject({ allocatedResources: { cpu: '100m', memory: '32Mi' } });
  expect(await kernelOf(pod)).toEqual({
    pod: { quota: '10000', memory: 32 },
    container: { quota: '10000', memory: 32 },
  });

  await resize('grown', { main: both('200m', '64Mi') });
  const grown = await node.until('grown', isSettled);
  expect(statusOf(grown)).toMatchObject({
    restartCount: 0,
    containerID: statusOf(pod)?.containerID,
    allocatedResources: { cpu: '200m', memory: '64Mi' },
    resources: both('200m', '64Mi'),
  });
  expect(await kernelOf(grown)).toEqual({
    pod: { quota: '20000', memory: 64 },
    container: { quota: '20000', memory: 64 },
  });
  await resize('grown', { main: both('50m', '24Mi') });
  expect(await kernelOf(await node.until('grown', isSettled))).toEqual({
    pod: { quota: '5000', memory: 24 },
    container: { quota: '5000', memory: 24 },
  });
  const summary = (generation: number, cpu: string, memory: string) => {
    const amounts = { cpu, memory };
    const containers = [{ name: 'main', resources: { limits: amounts, requests: amounts } }];
    return JSON.stringify({ containers, generation });
  };
  await expect
    .poll(() => eventsOf('grown'))
    .toEqual([
      `Normal ResizeStarted Pod resize started: ${summary(2, '200m', '64Mi')}`,
      `Normal ResizeCompleted Pod resize completed: ${summary(2, '200m', '64Mi')}`,
      `Normal ResizeStarted Pod resize started: ${summary(3, '50m', '24Mi')}`,
      `Normal ResizeCompleted Pod resize completed: ${summary(3, '50m', '24Mi')}`,
    ]);
});

test('of several containers those that shrink come first, memory before processor', async () => {
  const pod = await started('several', {
    containers: [
      sleeper('one', both('100m', '30Mi')),
      sleeper('two', both('100m', '30Mi')),
      sleeper('three', { requests: { cpu: '10m' } }),
    ],
  });
  told.length = 0;
  await resize('several', {
    one: both('150m', '40Mi'),
    two: both('50m', '20Mi'),
    three: { requests: { cpu: '500m' }, limits: { cpu: '600m', memory: '20Mi' } },
  });
  const resized = await node.until('several', isSettled);
  const names = new Map(
    (pod.status?.containerStatuses ?? []).map(({ name, containerID }) => [containerID?.slice(-64), name]),
  );
  expect(told.map(({ id, resources: given }) => [names.get(id), given.memoryLimit, given.cpuQuota])).toEqual([
    ['two', 20 << 20, 10_000],
    ['one', 40 << 20, 10_000],
    ['three', 20 << 20, undefined],
    ['two', 20 << 20, 5000],
    ['one', 40 << 20, 15_000],
    ['three', 20 << 20, 60_000],
  ]);
  expect(await kernelOf(resized, 'three')).toEqual({
    pod: { quota: '80000', memory: 80 },
    container: { quota: '60000', memory: 20 },
  });
  const path = cgroupParentOf(pod, node.containerd.instance);
  expect(['716', '28']).toContain(await weight(path));
});

test('who asks for a restart gets one, whatever the policy of the pod, and so does a sidecar', async () => {
  const resizePolicy: NonNullable<Container['resizePolicy']> = [
    { resourceName: 'cpu', restartPolicy: 'NotRequired' },
    { resourceName: 'memory', restartPolicy: 'RestartContainer' },
  ];
  const pod = await started('restarted', {
    restartPolicy: 'OnFailure',
    initContainers: [sleeper('side', both('50m', '20Mi'), { restartPolicy: 'Always', resizePolicy })],
    containers: [sleeper('main', both('50m', '20Mi'), { resizePolicy })],
  });
  await resize('restarted', { main: both('70m', '20Mi') });
  expect(statusOf(await node.until('restarted', isSettled))?.restartCount).toBe(0);

  await resize('restarted', { main: both('70m', '40Mi') });
  const again = await node.until('restarted', isSettled);
  // It ended well, which is the end of such a container otherwise.
  expect(statusOf(again)).toMatchObject({
    restartCount: 1,
    lastState: { terminated: { exitCode: 0 } },
    resources: both('70m', '40Mi'),
  });
  expect(await kernelOf(again)).toEqual({
    pod: { quota: '12000', memory: 60 },
    container: { quota: '7000', memory: 40 },
  });
  await resize('restarted', { side: both('60m', '30Mi') }, 'initContainers');
  const side = await node.until('restarted', isSettled);
  expect(statusOf(side, 'side')).toMatchObject({ restartCount: 1, resources: both('60m', '30Mi') });
  expect(statusOf(side)).toMatchObject({ restartCount: 1, containerID: statusOf(again)?.containerID });
  expect(await kernelOf(side, 'side')).toEqual({
    pod: { quota: '13000', memory: 70 },
    container: { quota: '6000', memory: 30 },
  });
  expect(side.status?.qosClass).toBe(pod.status?.qosClass);
});

test('no memory limit goes below what is in use, and the way back is open', async () => {
  const script = 'x=$(head -c 20000000 /dev/zero | tr "\\0" x); echo full > /full; while true; do sleep 1; done';
  const command = ['/bin/sh', '-c', script];
  const readinessProbe = { exec: { command: ['cat', '/full'] }, periodSeconds: 1 };
  await started('full', { containers: [sleeper('main', both('500m', '128Mi'), { command, readinessProbe })] });
  await resize('full', { main: both('500m', '8Mi') });
  const failed = await node.until('full', (pod) => condition(pod, 'PodResizeInProgress')?.reason === 'Error');
  expect(condition(failed, 'PodResizeInProgress')).toMatchObject({
    status: 'True',
    observedGeneration: 2,
    message: expect.stringMatching(
      /^cannot decrease memory limits: \[attempting to set pod memory limit \(8388608\) below current usage \(\d+\), attempting to set container "main" memory limit \(8388608\) below current usage \(\d+\)\]$/,
    ),
  });
  expect(statusOf(failed)).toMatchObject({ allocatedResources: { memory: '8Mi' }, resources: both('500m', '128Mi') });
  expect((await kernelOf(failed)).pod.memory).toBe(128);
  await expect.poll(async () => (await eventsOf('full')).at(-1)).toContain('Warning ResizeError Pod resize error: ');
  await resize('full', { main: both('500m', '128Mi') });
  const back = await node.until('full', isSettled);
  expect(statusOf(back)).toMatchObject({ restartCount: 0, resources: both('500m', '128Mi') });
});

test('what has no room waits until there is some, and what never has any is refused', async () => {
  const { items } = await node.client.list(resources.nodes);
  const cores = Number(items[0]?.status?.capacity?.cpu);
  const cpu = (of: number): Resources => ({ requests: { cpu: `${Math.round(cores * of * 1000)}m` } });
  await started('large', { containers: [sleeper('main', cpu(0.5))] });
  await started('wants', { containers: [sleeper('main', cpu(0.1))] });
  await resize('wants', { main: cpu(0.7) });
  const waiting = await node.until('wants', (pod) => condition(pod, 'PodResizePending') !== undefined);
  expect(condition(waiting, 'PodResizePending')).toMatchObject({
    status: 'True',
    reason: 'Deferred',
    observedGeneration: 2,
    message: expect.stringMatching(
      new RegExp(
        `^Node didn't have enough resource: cpu, requested: ${cores * 700}, used: \\d+, capacity: ${cores * 1000}$`,
      ),
    ),
  });
  expect(statusOf(waiting)).toMatchObject({ allocatedResources: cpu(0.1).requests, resources: cpu(0.1) });

  // The agent that takes over knows what was admitted, and that more is asked for.
  await node.restartAgent();
  await node.until('wants', (pod) => condition(pod, 'PodResizePending')?.reason === 'Deferred');
  expect(statusOf(await node.pod('wants'))).toMatchObject({ resources: cpu(0.1), restartCount: 0 });
  await resize('large', { main: cpu(0.1) });
  expect(statusOf(await node.until('wants', isSettled))).toMatchObject({ resources: cpu(0.7), restartCount: 0 });

  await resize('wants', { main: cpu(2) });
  const never = await node.until('wants', (pod) => condition(pod, 'PodResizePending')?.reason === 'Infeasible');
  expect(condition(never, 'PodResizePending')).toMatchObject({
    message: `Node didn't have enough capacity: cpu, requested: ${cores * 2000}, capacity: ${cores * 1000}`,
  });
  await expect
    .poll(async () => (await eventsOf('wants')).map((event) => event.split(':')[0]))
    .toEqual([
      'Warning ResizeDeferred Pod resize Deferred',
      'Normal ResizeStarted Pod resize started',
      'Normal ResizeCompleted Pod resize completed',
      'Warning ResizeInfeasible Pod resize Infeasible',
    ]);
  await resize('wants', { main: cpu(0.7) });
  await node.until('wants', isSettled);
});

test('a resize that an agent did not get to the end of is ended by the next', async () => {
  const pod = await started('halfway', {
    containers: [sleeper('steady', both('50m', '20Mi')), sleeper('main', both('50m', '20Mi'))],
  });
  refused.add('main');
  await resize('halfway', { steady: both('60m', '30Mi'), main: both('60m', '30Mi') });
  await node.until('halfway', (found) => condition(found, 'PodResizeInProgress')?.reason === 'Error');
  refused.clear();
  await node.restartAgent();
  const done = await node.until('halfway', isSettled);
  for (const name of ['steady', 'main']) {
    expect(statusOf(done, name)).toMatchObject({
      restartCount: 0,
      containerID: statusOf(pod, name)?.containerID,
      resources: both('60m', '30Mi'),
    });
  }
  expect(await kernelOf(done)).toEqual({
    pod: { quota: '12000', memory: 60 },
    container: { quota: '6000', memory: 30 },
  });
});

test('a container that was ended for a resize is started by the next agent, however it ended', async () => {
  await started('between', {
    restartPolicy: 'OnFailure',
    containers: [
      sleeper('main', both('50m', '20Mi'), {
        resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }],
      }),
    ],
  });
  refused.add('main');
  await resize('between', { main: both('60m', '20Mi') });
  const down = await node.until('between', (pod) => statusOf(pod)?.lastState?.terminated !== undefined);
  expect(down.status?.phase).toBe('Running');
  await node.restartAgent(async () => refused.clear());
  expect(statusOf(await node.until('between', isSettled))).toMatchObject({
    restartCount: 1,
    lastState: { terminated: { exitCode: 0 } },
    resources: both('60m', '20Mi'),
  });
});
