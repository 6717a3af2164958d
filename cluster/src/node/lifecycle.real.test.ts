import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container, Pod } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NodeFixture, nodeFixture } from './fixture.ts';

let node: NodeFixture;
let shared: string;
beforeAll(async () => {
  node = await nodeFixture();
  shared = await mkdtemp(join(tmpdir(), 'berth-shared-'));
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await rm(shared, { recursive: true });
});

const image = 'berth.local/busybox:1';
const shell = (script: string, name = 'main') => ({ name, image, command: ['/bin/sh', '-c', script] });
const volumes = () => [{ name: 'shared', hostPath: { path: shared } }];
const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];

/** Says in a file that it was told to end, and ends a moment later. */
const obedient = (name: string, file: string): Container => ({
  ...shell(`trap 'echo ${name} >> /shared/${file}; exit 0' TERM; while :; do sleep 0.1; done`, name),
  volumeMounts,
});
const sidecar = (name: string, file: string, more: Partial<Container> = {}): Container => ({
  ...obedient(name, file),
  restartPolicy: 'Always',
  ...more,
});
const hook = (file: string) => ({
  preStop: { exec: { command: ['/bin/sh', '-c', `echo hook > /shared/${file}-hook`] } },
});
const lines = (file: string) => readFile(join(shared, file), 'utf8').catch(() => '');
const codesOf = ({ status }: Pod) => status?.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode);

test('sidecars of a pod that is done are asked to end, the last begun first, and the pod runs until they have', async () => {
  await node.run('done', {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 30,
    initContainers: [sidecar('first', 'done', { lifecycle: hook('done') }), sidecar('second', 'done')],
    containers: [shell('exit 0')],
    volumes: volumes(),
  });
  const pod = await node.until('done', ({ status }) => status?.phase === 'Succeeded');
  expect(codesOf(pod)).toEqual([0, 0]);
  expect(await lines('done')).toBe('second\nfirst\n');
  expect(await lines('done-hook')).toBe('hook\n');
});

test('sidecars of a pod that is deleted are asked to end after the others', async () => {
  await node.run('deleted', {
    terminationGracePeriodSeconds: 30,
    initContainers: [sidecar('first', 'deleted'), sidecar('second', 'deleted', { lifecycle: hook('deleted') })],
    containers: [obedient('main', 'deleted')],
    volumes: volumes(),
  });
  await node.until('deleted', ({ status }) => status?.containerStatuses?.[0]?.state?.running !== undefined);
  await node.gone('deleted');
  expect(await lines('deleted')).toBe('main\nsecond\nfirst\n');
  expect(await lines('deleted-hook')).toBe('hook\n');
});

test('a container is run again by rules of its own, and another of the pod is not', async () => {
  await node.run('rules', {
    restartPolicy: 'Always',
    containers: [
      {
        // Ends with 42 once, then with 3.
        ...shell('[ -e /shared/rules-again ] && exit 3; touch /shared/rules-again; exit 42', 'retries'),
        volumeMounts,
        restartPolicy: 'Never',
        restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
      },
      { ...shell('exit 0', 'once'), restartPolicy: 'OnFailure' },
    ],
    volumes: volumes(),
  });
  const { status } = await node.until('rules', ({ status }) => status?.phase === 'Failed');
  const [retries, once] = status?.containerStatuses ?? [];
  expect([retries?.restartCount, retries?.state?.terminated?.exitCode]).toEqual([1, 3]);
  expect(retries?.lastState?.terminated?.exitCode).toBe(42);
  expect([once?.restartCount, once?.state?.terminated?.exitCode]).toEqual([0, 0]);
});

test('variables come from a file that an init container wrote', async () => {
  const variable = (name: string, path: string, key: string) => ({
    name,
    valueFrom: { fileKeyRef: { volumeName: 'config', path, key } },
  });
  const mounts = [{ name: 'config', mountPath: '/config' }];
  const write = 'printf "WORD=\'hello\'\\n" > /config/env; ln -s /etc/passwd /config/out';
  const pod = (env: object[]) => ({
    restartPolicy: 'Never',
    initContainers: [{ ...shell(write, 'writes'), volumeMounts: mounts }],
    containers: [{ ...shell('[ "$SAID" = hello ]'), env }],
    volumes: [{ name: 'config', emptyDir: {} }],
  });
  await node.run('env-file', pod([variable('SAID', 'env', 'WORD')]) as Pod['spec'] & object);
  await node.until('env-file', ({ status }) => status?.phase === 'Succeeded');
  await node.run('env-out', pod([variable('SAID', 'out', 'root')]) as Pod['spec'] & object);
  const { status } = await node.until('env-out', ({ status }) => {
    return status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError';
  });
  expect(status?.containerStatuses?.[0]?.state?.waiting?.message).toMatch(/out leads out of its volume/);
});
