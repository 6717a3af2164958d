import { setTimeout as delay } from 'node:timers/promises';
import { BerthError } from '@berth/kube/errors';
import { type Pod, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NodeFixture, nodeFixture } from './fixture.ts';
import type { Runtime } from './runtime/types.ts';

/** containerd is killed in the middle of things, for real; `Containerd` starts it again within a second or so. */
let node: NodeFixture;
/** Does what the call asked for, and then loses its answer with the runtime. */
let lose: 'runSandbox' | 'createContainer' | 'startContainer' | undefined;
/** When the end of a container was told, and not yet that it was for want of memory. */
const explained = new Map<string, number>();
const lost = new BerthError('ServiceUnavailable', 'rpc error: code = Unavailable desc = the answer was lost');

beforeAll(async () => {
  node = await nodeFixture({
    through: (runtime) => {
      const losing =
        <A extends unknown[], T>(name: NonNullable<typeof lose>, call: (...args: A) => Promise<T>) =>
        async (...args: A): Promise<T> => {
          const answer = await call(...args);
          if (lose !== name) return answer;
          lose = undefined;
          await node.containerd.crash();
          throw lost;
        };
      return {
        ...runtime,
        async containerStatus(id) {
          const status = await runtime.containerStatus(id);
          if (status.reason !== 'OOMKilled') return status;
          const first = explained.get(id) ?? Date.now();
          explained.set(id, first);
          return Date.now() - first < 200 ? { ...status, reason: 'Error' } : status;
        },
        runSandbox: losing('runSandbox', runtime.runSandbox),
        createContainer: losing('createContainer', runtime.createContainer),
        startContainer: losing('startContainer', runtime.startContainer),
      };
    },
  });
});
afterAll(() => node[Symbol.asyncDispose]());

const shell = (script: string) => ({
  name: 'main',
  image: 'berth.local/busybox:1',
  command: ['/bin/sh', '-c', `trap exit TERM; ${script}`],
});
const forever = 'while true; do sleep 0.1; done';
const statusOf = (pod: Pod) => pod.status?.containerStatuses?.[0];
const isReady = (pod: Pod) =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
const runtime = (): Runtime => node.containerd.containerd.runtime;
const untilBack = () =>
  expect
    .poll(
      () =>
        runtime()
          .version()
          .then(({ name }) => name, String),
      { timeout: 20_000 },
    )
    .toBe('containerd');
const sandboxesOf = async (name: string) =>
  (await runtime().listSandboxes()).filter(({ metadata }) => metadata.name === name);
const runningOf = async (name: string) => {
  const ids = new Set((await sandboxesOf(name)).map(({ id }) => id));
  return (await runtime().listContainers()).filter(({ sandboxId, state }) => ids.has(sandboxId) && state === 'running');
};

test.each(['runSandbox', 'createContainer', 'startContainer'] as const)(
  'a pod whose runtime died just after %s runs once, without a restart',
  async (call) => {
    lose = call;
    const name = call.toLowerCase();
    await node.run(name, { containers: [shell(forever)] });
    const pod = await node.until(name, isReady);
    expect(lose).toBeUndefined();
    expect(statusOf(pod)?.restartCount).toBe(0);
    expect((await runningOf(name)).map(({ id }) => `containerd://${id}`)).toEqual([statusOf(pod)?.containerID]);
    expect((await sandboxesOf(name)).filter(({ ready }) => ready)).toHaveLength(1);
  },
);

test('a container that the kernel ended for want of memory says so, though the runtime is told later', async () => {
  // containerd listens for such ends from a moment after the start: what ends before it is told of as any other end.
  const main = shell('sleep 1; exec dd if=/dev/zero of=/dev/null bs=200M count=1');
  const containers = [{ ...main, resources: { limits: { memory: '24Mi' } } }];
  await node.run('hungry', { restartPolicy: 'Never', containers });
  const killed = (pod: Pod) => statusOf(pod)?.state?.terminated;
  const pod = await node.until('hungry', (pod) => killed(pod)?.reason === 'OOMKilled');
  expect(killed(pod)).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  expect(explained.size).toBe(1);
  // One that is started again keeps it as its last state.
  await node.run('hungrier', { containers });
  const again = await node.until('hungrier', (pod) => statusOf(pod)?.lastState?.terminated?.reason === 'OOMKilled');
  expect(statusOf(again)?.lastState?.terminated).toMatchObject({ exitCode: 137 });
});

test('what ends while the runtime is away is seen when it is back, and nothing else restarts', async () => {
  await node.run('ends', { containers: [shell(forever)] });
  const names = ['one', 'two', 'three'];
  for (const name of names) {
    await node.run(name, {
      containers: [
        {
          ...shell(forever),
          livenessProbe: { exec: { command: ['/bin/true'] }, periodSeconds: 1, failureThreshold: 1 },
        },
      ],
    });
  }
  const before = await Promise.all(names.map((name) => node.until(name, isReady)));
  const ends = await node.until('ends', isReady);
  const pid = await node.containerd.pid(statusOf(ends)?.containerID?.split('//')[1] ?? '');
  await node.containerd.crash();
  process.kill(pid, 'SIGKILL');
  const after = await node.until('ends', (pod) => statusOf(pod)?.restartCount === 1 && isReady(pod));
  expect(statusOf(after)?.lastState?.terminated?.exitCode).toBe(137);
  expect((await Promise.all(names.map((name) => node.pod(name)))).map(statusOf)).toEqual(before.map(statusOf));
});

test('a pod deleted while the runtime is away goes when it is back, with all it had', async () => {
  await node.run('leaves', { containers: [shell(forever)] });
  const pod = await node.until('leaves', isReady);
  await node.containerd.crash();
  await node.client.delete(resources.pods, { namespace: 'default', name: 'leaves' });
  await node.run('comes', { containers: [shell(forever)] });
  await expect
    .poll(
      () =>
        node.pod('leaves').then(
          () => 'there',
          ({ code }) => code,
        ),
      { timeout: 60_000 },
    )
    .toBe('NotFound');
  await untilBack();
  await expect.poll(() => sandboxesOf('leaves'), { timeout: 20_000 }).toEqual([]);
  expect((await runtime().listContainers()).map(({ id }) => id)).not.toContain(
    statusOf(pod)?.containerID?.split('//')[1],
  );
  await node.until('comes', isReady);
});

test('containerd killed again and again under pods that come and go leaves what should run, once', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `storm-${index}`);
  for (const [index, name] of names.entries()) {
    await node.run(name, { containers: [shell(forever)] });
    if (index % 2 === 1) await untilBack().then(() => node.containerd.crash());
    if (index % 4 === 3) await node.client.delete(resources.pods, { namespace: 'default', name });
    await delay(Math.random() * 300);
  }
  await untilBack();
  const stay = names.filter((_, index) => index % 4 !== 3);
  for (const name of stay) await node.until(name, isReady);
  await expect
    .poll(async () => (await Promise.all(names.map(runningOf))).map((found) => found.length), { timeout: 30_000 })
    .toEqual(names.map((name) => (stay.includes(name) ? 1 : 0)));
  expect(
    await Promise.all(stay.map(async (name) => (await sandboxesOf(name)).filter(({ ready }) => ready).length)),
  ).toEqual(stay.map(() => 1));
});
