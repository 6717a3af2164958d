import { text } from 'node:stream/consumers';
import { type Pod, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NodeFixture, nodeFixture } from './fixture.ts';

let node: NodeFixture;
beforeAll(async () => {
  node = await nodeFixture();
});
afterAll(() => node[Symbol.asyncDispose]());

const image = 'berth.local/busybox:1';
const shell = (script: string, name = 'main') => ({ name, image, command: ['/bin/sh', '-c', script] });
const statusOf = (pod: Pod, name = 'main') => pod.status?.containerStatuses?.find((status) => status.name === name);
const isReady = (pod: Pod) =>
  pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
const logOf = async (pod: Pod, options: object = {}) =>
  text(await node.agent().access.logs(pod, { container: 'main', signal: new AbortController().signal, ...options }));
const reasonsOf = async (name: string) => {
  const { items } = await node.client.list(resources.events, { namespace: 'default' });
  return items.filter((event) => event.involvedObject.name === name).map((event) => event.reason);
};
const gone = (name: string) =>
  expect
    .poll(
      () =>
        node.pod(name).then(
          () => 'there',
          (error) => error.code,
        ),
      { timeout: 20_000 },
    )
    .toBe('NotFound');

test('init containers run in order before the containers, which get their environment and volumes', async () => {
  await node.client.create(resources.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'default' },
    data: { colour: 'blue' },
  });
  await node.client.create(resources.secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys', namespace: 'default' },
    data: { token: Buffer.from('s3cret').toString('base64') },
  });
  await node.run('full', {
    initContainers: [
      { ...shell('echo one >> /shared/order', 'first'), volumeMounts: [{ name: 'shared', mountPath: '/shared' }] },
      { ...shell('echo two >> /shared/order', 'second'), volumeMounts: [{ name: 'shared', mountPath: '/shared' }] },
    ],
    containers: [
      {
        ...shell('cat /shared/order /etc/settings/colour; echo " $COLOUR $TOKEN $POD $CPU $GREETING"; sleep 1000'),
        env: [
          { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } },
          { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
          { name: 'GREETING', value: 'hello $(POD)' },
        ],
        resources: { limits: { cpu: '500m', memory: '64Mi' } },
        volumeMounts: [
          { name: 'shared', mountPath: '/shared' },
          { name: 'settings', mountPath: '/etc/settings' },
        ],
      },
    ],
    volumes: [
      { name: 'shared', emptyDir: {} },
      { name: 'settings', configMap: { name: 'settings' } },
    ],
  });
  const pod = await node.until('full', isReady);
  expect(pod.status).toMatchObject({ phase: 'Running', qosClass: 'Burstable' });
  expect(pod.status?.initContainerStatuses?.map((status) => status.state?.terminated?.reason)).toEqual([
    'Completed',
    'Completed',
  ]);
  await expect.poll(() => logOf(pod)).toBe('one\ntwo\nblue blue s3cret full 500 hello full\n');

  await node.client.patch(
    resources.configMaps,
    { namespace: 'default', name: 'settings' },
    { type: 'merge', body: { data: { colour: 'green' } } },
  );
  const read = async () => {
    const streams = { container: 'main', stdin: false, stdout: true, stderr: true, tty: false };
    const session = await node.agent().access.exec(pod, ['cat', '/etc/settings/colour'], streams);
    return session.stdout ? text(session.stdout) : '';
  };
  await expect.poll(read, { timeout: 30_000 }).toBe('green');
});

test('a container that ends is started again, with a growing pause, and its last words are kept', async () => {
  await node.run('crash', {
    containers: [{ ...shell('echo going; echo broken > /dev/termination-log; exit 3') }],
  });
  const pod = await node.until('crash', (seen) => statusOf(seen)?.state?.waiting?.reason === 'CrashLoopBackOff');
  expect(statusOf(pod)).toMatchObject({
    restartCount: 1,
    ready: false,
    lastState: { terminated: { exitCode: 3, reason: 'Error', message: 'broken\n' } },
  });
  expect(statusOf(pod)?.state?.waiting?.message).toMatch(
    /^back-off 10s restarting failed container=main pod=crash_default/,
  );
  expect(await logOf(pod, { previous: true })).toBe('going\n');
  await expect.poll(() => reasonsOf('crash')).toContain('BackOff');
});

test('a pod that runs to its end succeeds, or fails', async () => {
  await node.run('done', { restartPolicy: 'Never', containers: [shell('exit 0')] });
  await node.run('failed', { restartPolicy: 'OnFailure', activeDeadlineSeconds: 1, containers: [shell('sleep 1000')] });
  const done = await node.until('done', (pod) => pod.status?.phase === 'Succeeded');
  expect(done.status?.conditions?.find((condition) => condition.type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'PodCompleted',
  });
  const failed = await node.until('failed', (pod) => pod.status?.phase === 'Failed');
  expect(failed.status?.reason).toBe('DeadlineExceeded');
});

test('an image that is not there is said, and found when it comes', async () => {
  await node.run('pull', {
    containers: [{ name: 'main', image: 'berth.invalid/absent:1', imagePullPolicy: 'IfNotPresent' }],
  });
  await node.until('pull', (pod) => statusOf(pod)?.state?.waiting?.reason === 'ErrImagePull');
  const pod = await node.until('pull', (seen) => statusOf(seen)?.state?.waiting?.reason === 'ImagePullBackOff');
  expect(pod.status?.phase).toBe('Pending');
  expect(statusOf(pod)?.state?.waiting?.message).toContain('Back-off pulling image "berth.invalid/absent:1"');
  await node.containerd.tag(image, 'berth.invalid/absent:1');
  await node.until('pull', (seen) => statusOf(seen)?.state?.waiting?.reason !== 'ImagePullBackOff');

  await node.run('never', { containers: [{ name: 'main', image: 'berth.invalid/other:1', imagePullPolicy: 'Never' }] });
  await node.until('never', (seen) => statusOf(seen)?.state?.waiting?.reason === 'ErrImageNeverPull');
});

test('a missing reference holds the container until it is there', async () => {
  await node.run('waits', { containers: [{ ...shell('sleep 1000'), envFrom: [{ configMapRef: { name: 'later' } }] }] });
  const pod = await node.until(
    'waits',
    (seen) => statusOf(seen)?.state?.waiting?.reason === 'CreateContainerConfigError',
  );
  expect(statusOf(pod)?.state?.waiting?.message).toBe('configmap "later" not found');
  await node.client.create(resources.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'later', namespace: 'default' },
    data: { a: 'b' },
  });
  await node.until('waits', isReady);
});

test('probes decide about readiness and restarts', async () => {
  const quick = { periodSeconds: 1, failureThreshold: 1 };
  await node.run('probed', {
    containers: [
      {
        ...shell('touch /tmp/live; sleep 1000'),
        startupProbe: { exec: { command: ['/bin/true'] }, periodSeconds: 1 },
        livenessProbe: { exec: { command: ['cat', '/tmp/live'] }, ...quick },
        readinessProbe: { exec: { command: ['cat', '/tmp/ready'] }, ...quick },
      },
    ],
  });
  const pod = await node.until('probed', (seen) => statusOf(seen)?.started === true);
  expect(isReady(pod)).toBe(false);
  const run = async (...command: string[]) => {
    const streams = { container: 'main', stdin: false, stdout: true, stderr: true, tty: false };
    const session = await node.agent().access.exec(pod, command, streams);
    session.stdout?.resume();
    return session.status;
  };
  expect(await run('touch', '/tmp/ready')).toEqual({ status: 'Success' });
  await node.until('probed', isReady);
  await run('rm', '/tmp/live');
  const restarted = await node.until('probed', (seen) => statusOf(seen)?.restartCount === 1);
  expect(statusOf(restarted)?.lastState?.terminated?.exitCode).toBe(137);
  const reasons = await reasonsOf('probed');
  expect(reasons).toEqual(expect.arrayContaining(['Unhealthy', 'Killing']));
});

test('a deleted pod gets its grace and its hook, then goes with all it had', async () => {
  await node.run('leaves', {
    terminationGracePeriodSeconds: 20,
    containers: [
      {
        ...shell('trap "echo term; exit 0" TERM; while true; do sleep 0.1; done'),
        lifecycle: { preStop: { exec: { command: ['/bin/sh', '-c', 'echo hook > /proc/1/fd/1'] } } },
      },
    ],
  });
  const pod = await node.until('leaves', isReady);
  const log = logOf(pod, { follow: true });
  await node.client.delete(resources.pods, { namespace: 'default', name: 'leaves' });
  expect(await log).toBe('hook\nterm\n');
  await gone('leaves');
  const sandboxes = await node.containerd.containerd.runtime.listSandboxes();
  await expect
    .poll(() =>
      node
        .agent()
        .access.logs(pod, { container: 'main', signal: new AbortController().signal })
        .then(
          () => 'there',
          () => 'gone',
        ),
    )
    .toBe('gone');
  expect(sandboxes.filter((sandbox) => sandbox.ready && sandbox.metadata.name === 'leaves')).toEqual([]);
});

test('a process killed from outside is noticed and replaced, a lost sandbox too', async () => {
  await node.run('killed', { containers: [shell('sleep 1000')] });
  const pod = await node.until('killed', isReady);
  await node.containerd.kill(statusOf(pod)?.containerID?.split('//')[1] ?? '');
  const again = await node.until('killed', (seen) => statusOf(seen)?.restartCount === 1 && isReady(seen));
  expect(statusOf(again)?.lastState?.terminated?.exitCode).toBe(137);

  const sandboxes = await node.containerd.containerd.runtime.listSandboxes();
  const sandbox = sandboxes.find((found) => found.metadata.name === 'killed');
  await node.containerd.kill(sandbox?.id ?? '');
  const anew = await node.until('killed', (seen) => statusOf(seen)?.restartCount === 2 && isReady(seen));
  expect(anew.status?.podIP).not.toBe('');
  expect(await reasonsOf('killed')).toContain('SandboxChanged');
});

test('a new agent takes over what runs, and nothing restarts', async () => {
  await node.run('stays', {
    containers: [{ ...shell('sleep 1000'), readinessProbe: { exec: { command: ['/bin/true'] }, periodSeconds: 60 } }],
  });
  await node.run('orphan', { containers: [shell('sleep 1000')] });
  const before = await node.until('stays', isReady);
  await node.until('orphan', isReady);
  await node.restartAgent(() =>
    node.client.delete(resources.pods, { namespace: 'default', name: 'orphan' }, { gracePeriodSeconds: 0 }),
  );
  const after = await node.pod('stays');
  expect(statusOf(after)).toEqual(statusOf(before));
  expect(after.status?.conditions).toEqual(before.status?.conditions);
  await expect
    .poll(async () => (await node.containerd.containerd.runtime.listSandboxes()).map((found) => found.metadata.name), {
      timeout: 30_000,
    })
    .not.toContain('orphan');
});

test('processes and ports of a pod are reached', async () => {
  await node.run('reached', { containers: [shell('echo up; while true; do echo pong | nc -l -p 8080; done')] });
  const pod = await node.until('reached', isReady);
  const { access } = node.agent();
  const streams = { container: 'main', stdin: true, stdout: true, stderr: true, tty: false };
  const session = await access.exec(pod, ['sh', '-c', 'cat; exit 4'], streams);
  session.stdin?.end('through');
  expect(session.stdout && (await text(session.stdout))).toBe('through');
  expect(await session.status).toMatchObject({ reason: 'NonZeroExitCode', details: { causes: [{ message: '4' }] } });
  await expect(access.exec(pod, ['x'], { ...streams, container: 'other' })).rejects.toMatchObject({
    code: 'BadRequest',
  });
  await expect
    .poll(async () => {
      const connection = await access.portForward(pod, 8080);
      connection.end();
      return text(connection).catch(String);
    })
    .toBe('pong\n');
});

test('the runtime killed and started again changes nothing for what runs', async () => {
  await node.run('through', { containers: [shell('echo up; sleep 1000')] });
  const before = await node.until('through', isReady);
  await node.containerd.crash();
  await expect
    .poll(() => node.containerd.containerd.runtime.version().then(({ name }) => name, String), { timeout: 20_000 })
    .toBe('containerd');
  await node.containerd.kill(statusOf(before)?.containerID?.split('//')[1] ?? '');
  const after = await node.until('through', (pod) => statusOf(pod)?.restartCount === 1 && isReady(pod));
  expect(after.status?.podIP).toBe(before.status?.podIP);
});

test('a container for a look inside is added to a pod at work, once, and sees the processes of another', async () => {
  await node.run('looked-into', { containers: [shell('while true; do sleep 1; done')] });
  const before = await node.until('looked-into', isReady);
  const add = (name: string, more: object) => {
    const one = { name, image, command: ['sh', '-c', 'cat /proc/1/cmdline; exit 3'], ...more };
    const patch = { type: 'strategic', body: { spec: { ephemeralContainers: [one] } } } as const;
    const key = { namespace: 'default', name: 'looked-into' };
    return node.client.patch(resources.pods, key, patch, { subresource: 'ephemeralcontainers' });
  };
  const statusOf = (pod: Pod, name: string) =>
    pod.status?.ephemeralContainerStatuses?.find((status) => status.name === name);
  await add('early', { image: 'berth.local/absent:1', imagePullPolicy: 'Never' });
  const waiting = await node.until('looked-into', (pod) => statusOf(pod, 'early')?.state?.waiting !== undefined);
  expect(statusOf(waiting, 'early')).toMatchObject({ ready: false, restartCount: 0 });
  expect(statusOf(waiting, 'early')).not.toHaveProperty('started');
  await add('looks', { targetContainerName: 'main' });
  const after = await node.until('looked-into', (pod) => statusOf(pod, 'looks')?.state?.terminated !== undefined);
  expect(statusOf(after, 'looks')?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  expect(statusOf(after, 'looks')).toMatchObject({ ready: false, restartCount: 0 });
  const signal = new AbortController().signal;
  const log = await node.agent().access.logs(after, { container: 'looks', signal });
  expect(await text(log)).toContain('while true; do sleep 1; done');
  // The pod itself is as it was, and what ran once does not run again, with a new agent either.
  await node.restartAgent();
  const at = await node.until('looked-into', isReady);
  expect(at.status?.containerStatuses?.[0]?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID);
  expect(statusOf(at, 'looks')?.containerID).toBe(statusOf(after, 'looks')?.containerID);
  await node.client.delete(resources.pods, { namespace: 'default', name: 'looked-into' });
  await gone('looked-into');
});

test('the node is registered with its lease', async () => {
  const registered = await node.client.get(resources.nodes, { name: 'n0' });
  expect(registered.status?.conditions?.find((condition) => condition.type === 'Ready')?.status).toBe('True');
  expect(registered.status?.images?.some((found) => found.names?.includes(image))).toBe(true);
  const lease = await node.client.get(resources.leases, { namespace: 'kube-node-lease', name: 'n0' });
  expect(lease.spec?.holderIdentity).toBe('n0');
});

test('the room of a pod that is gone from the API is free for the next, though its containers still end', async () => {
  const body = { status: { capacity: { 'example.com/seat': '1' }, allocatable: { 'example.com/seat': '1' } } };
  // Between two agents, of which the second begins with what it reads: one at work might see the pod before the seat.
  await node.restartAgent(() =>
    node.client.patch(resources.nodes, { name: 'n0' }, { type: 'merge', body }, { subresource: 'status' }),
  );
  const seat = { requests: { 'example.com/seat': '1' }, limits: { 'example.com/seat': '1' } };
  const seated = (name: string) =>
    node.run(name, {
      terminationGracePeriodSeconds: 30,
      containers: [{ ...shell("trap '' TERM; while :; do sleep 1; done"), resources: seat }],
    });
  await seated('first-seat');
  await node.until('first-seat', isReady);
  await seated('no-seat');
  const refused = await node.until('no-seat', ({ status }) => status?.phase === 'Failed');
  expect(refused.status?.reason).toBe('OutOfexample.com/seat');
  await node.client.delete(resources.pods, { namespace: 'default', name: 'first-seat' }, { gracePeriodSeconds: 0 });
  await seated('next-seat');
  const next = await node.until('next-seat', (pod) => isReady(pod) || pod.status?.phase === 'Failed');
  expect(next.status).toMatchObject({ phase: 'Running' });
  await node.client.delete(resources.pods, { namespace: 'default', name: 'next-seat' }, { gracePeriodSeconds: 0 });
});
