import { join } from 'node:path';
import { type Pod, type PodSpec, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { calmHousekeeping, type NodeFixture, nodeFixture, temporary } from './fixture.ts';
import { buildImage } from './images/index.ts';

const image = 'berth.local/busybox:1';
const shell = (script: string, more: object = {}) => ({
  name: 'main',
  image,
  command: ['/bin/sh', '-c', script],
  ...more,
});
const isReady = (pod: Pod) =>
  pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
const isEvicted = (pod: Pod) => pod.status?.phase === 'Failed' && pod.status.reason === 'Evicted';
const mebibyte = 2 ** 20;
const quick = { ...calmHousekeeping, monitoringInterval: 200 };

const conditionOf = async (node: NodeFixture, type: string) =>
  (await node.client.get(resources.nodes, { name: 'n0' })).status?.conditions?.find((found) => found.type === type);
const eventsOf = async (node: NodeFixture, name: string) => {
  const { items } = await node.client.list(resources.events, { namespace: 'default' });
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => [reason, message]);
};
const runReady = async (
  node: NodeFixture,
  name: string,
  spec: Partial<PodSpec> & { containers: PodSpec['containers'] },
) => {
  await node.run(name, spec);
  return await node.until(name, isReady);
};

test('short of memory, a node ends the pod that is furthest over its request, then the next, and takes none that requests nothing', async () => {
  await using node = await nodeFixture({ housekeeping: quick });
  const calm = { resources: { requests: { memory: '512Mi' } } };
  await Promise.all([
    runReady(node, 'hog', { containers: [shell('x=$(head -c 20000000 /dev/zero | tr "\\0" x); sleep 1000')] }),
    runReady(node, 'calm', { containers: [shell('sleep 1000', calm)] }),
    runReady(node, 'critical', { containers: [shell('sleep 1000')], priorityClassName: 'system-node-critical' }),
  ]);
  // There is never as much as this.
  await node.restartAgent(undefined, { ...quick, eviction: { hard: 'memory.available<99.9%' } });

  const hog = await node.until('hog', isEvicted);
  expect((await node.pod('calm')).status?.containerStatuses?.[0]?.state?.running).toBeDefined();
  expect(hog.status?.message).toMatch(
    /^The node was low on resource: memory\. Threshold quantity: \d+\w*, available: \d+\w*\. Container main was using \d+\w*, request is 0, has larger consumption of memory\. $/,
  );
  expect(hog.status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'TerminationByKubelet',
      message: hog.status?.message,
    }),
  );
  expect(hog.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 137 });
  expect(await eventsOf(node, 'hog')).toContainEqual(['Evicted', hog.status?.message]);

  await expect
    .poll(() => conditionOf(node, 'MemoryPressure'))
    .toMatchObject({
      status: 'True',
      reason: 'KubeletHasInsufficientMemory',
      message: 'kubelet has insufficient memory available',
    });
  await node.until('calm', isEvicted);
  await node.run('modest', { containers: [shell('sleep 1000')] });
  const modest = await node.until('modest', isEvicted);
  expect(modest.status?.message).toBe('Pod was rejected: The node had condition: [MemoryPressure]. ');
  expect(modest.status?.containerStatuses).toBeUndefined();
  // Of memory there is hardly any that it could request.
  await node.run('asking', { containers: [shell('sleep 1000', { resources: { requests: { cpu: '1m' } } })] });
  // It is let in, and goes as the others went.
  expect((await node.until('asking', isEvicted)).status?.message).toMatch(/^The node was low on resource: memory/);
  expect(await eventsOf(node, 'n0')).toEqual(
    expect.arrayContaining([
      ['EvictionThresholdMet', 'Attempting to reclaim memory'],
      ['NodeHasInsufficientMemory', 'Node n0 status is now: NodeHasInsufficientMemory'],
    ]),
  );
  expect((await node.pod('critical')).status?.phase).toBe('Running');

  // What is left of those that went: their status, also for the next agent.
  const left = async () =>
    (await node.containerd.containerd.runtime.listContainers()).map(({ labels }) => labels['io.kubernetes.pod.name']);
  await expect.poll(left).toEqual(['critical']);
  await node.restartAgent(undefined, quick);
  await expect.poll(() => conditionOf(node, 'MemoryPressure')).toMatchObject({ status: 'False' });
  expect((await node.pod('hog')).status).toEqual(hog.status);
});

test('on a full disk images go first, then the pod that filled it, and what follows is taken again', async () => {
  await using node = await nodeFixture({
    diskBytes: 256 * mebibyte,
    housekeeping: quick,
  });
  const { containerd, runtime } = { ...node.containerd, runtime: node.containerd.containerd.runtime };
  const spare = 'berth.local/spare:1';
  await using directory = await temporary();
  const output = join(directory.path, 'spare.tar');
  const layers = [[{ type: 'file', path: '/spare', content: new Uint8Array(24 * mebibyte).fill(7) } as const]];
  await buildImage(
    { reference: spare, architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', layers },
    { output },
  );
  await containerd.importImage(output);
  const cache = { volumeMounts: [{ name: 'cache', mountPath: '/cache' }] };
  const awaited = (name: string) => `while [ ! -e /cache/${name} ]; do sleep 0.1; done`;
  await runReady(node, 'calm', { containers: [shell('sleep 1000')] });
  await runReady(node, 'writer', {
    containers: [
      shell(
        // Until only 56 MiB are left, of which it tells, and when asked, down to 20.
        `fill() { while [ $(df -m /cache | tail -1 | awk '{print $4}') -gt $1 ]; do dd if=/dev/zero bs=1M count=1 >> /cache/data 2>/dev/null; done; }
         fill 56; touch /cache/filled; ${awaited('more')}; fill 20; sleep 1000`,
        { ...cache, readinessProbe: { exec: { command: ['test', '-e', '/cache/filled'] }, periodSeconds: 1 } },
      ),
    ],
    volumes: [{ name: 'cache', emptyDir: {} }],
  });
  // Only now, so that what is reclaimed is not filled at once.
  const eviction = { hard: 'nodefs.available<64Mi', pressureTransitionPeriod: 1500 };
  const imageGarbage = { ...quick.imageGarbage, minimumAge: 0 };
  await node.restartAgent(undefined, { ...quick, eviction, imageGarbage });
  await expect.poll(() => runtime.imageStatus(spare), { timeout: 30_000 }).toBeUndefined();
  expect(await runtime.imageStatus(image)).toBeDefined();
  expect((await node.pod('writer')).status?.phase).toBe('Running');

  const writer = await node.pod('writer');
  const session = { container: 'main', stdin: false, stdout: true, stderr: true, tty: false };
  await node.agent().access.exec(writer, ['touch', '/cache/more'], session);
  const evicted = await node.until('writer', isEvicted);
  expect(evicted.status?.message).toMatch(
    /^The node was low on resource: ephemeral-storage\. Threshold quantity: 64Mi, available: \d+Ki\. /,
  );
  expect((await node.pod('calm')).status?.phase).toBe('Running');
  await expect
    .poll(() => conditionOf(node, 'DiskPressure'))
    .toMatchObject({ status: 'False', reason: 'KubeletHasNoDiskPressure' });
  expect((await eventsOf(node, 'n0')).map(([reason]) => reason)).toEqual(
    expect.arrayContaining(['NodeHasDiskPressure', 'NodeHasNoDiskPressure']),
  );
  await runReady(node, 'next', { containers: [shell('sleep 1000')] });
  expect((await node.pod('calm')).status?.phase).toBe('Running');
});

test('a pod that keeps more on the disk than its limits allow is ended', async () => {
  await using node = await nodeFixture({ housekeeping: quick });
  const limited = (storage: string) => ({ resources: { limits: { 'ephemeral-storage': storage } } });
  const chatter = (more: object) => shell('head -c 6000000 /dev/zero | tr "\\0" x | fold -w 1000; sleep 1000', more);
  await node.run('talks', { containers: [chatter(limited('4Mi'))] });
  await node.run('beside', {
    containers: [chatter(limited('4Mi')), { ...shell('sleep 1000', limited('1Gi')), name: 'other' }],
  });
  await node.run('fills', {
    containers: [
      shell('head -c 6000000 /dev/zero > /cache/data; sleep 1000', {
        ...limited('4Mi'),
        volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
      }),
    ],
    volumes: [{ name: 'cache', emptyDir: {} }],
  });
  await node.run('fits', { containers: [shell('head -c 1000000 /dev/zero > /data; sleep 1000', limited('4Mi'))] });
  const messages = await Promise.all(
    ['talks', 'beside', 'fills'].map(async (name) => (await node.until(name, isEvicted)).status?.message),
  );
  const whole = 'Pod ephemeral local storage usage exceeds the total limit of containers 4Mi. ';
  expect(messages).toEqual([whole, 'Container main exceeded its local ephemeral storage limit "4Mi". ', whole]);
  expect((await node.pod('talks')).status?.conditions?.map(({ type }) => type)).not.toContain('DisruptionTarget');
  expect((await node.pod('fits')).status?.phase).toBe('Running');
});
