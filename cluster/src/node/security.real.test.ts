import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Pod, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NodeFixture, nodeFixture } from './fixture.ts';

let node: NodeFixture;
let directory: string;
beforeAll(async () => {
  node = await nodeFixture();
  directory = await mkdtemp(join(tmpdir(), 'berth-host-'));
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const image = 'berth.local/busybox:1';
const shell = (script: string) => ({ name: 'main', image, command: ['/bin/sh', '-c', script] });
const statusOf = (pod: Pod) => pod.status?.containerStatuses?.[0];
const messagesOf = async (name: string) => {
  const { items } = await node.client.list(resources.events, { namespace: 'default' });
  return items.filter((event) => event.involvedObject.name === name).map((event) => event.message);
};
const runsToItsEnd = async (name: string, spec: Parameters<NodeFixture['run']>[1]) => {
  await node.run(name, { restartPolicy: 'Never', ...spec });
  const pod = await node.until(name, ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed');
  const signal = new AbortController().signal;
  return { pod, log: await text(await node.agent().access.logs(pod, { container: 'main', signal })) };
};

test('a container runs as whom it is told, with what it is left', async () => {
  const { log } = await runsToItsEnd('user', {
    securityContext: { runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000, supplementalGroups: [4000] },
    containers: [
      {
        ...shell(
          'id -u; id -g; id -G; stat -c %g /data; touch /x 2>&1; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status',
        ),
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }],
  });
  expect(log.split('\n').map((line) => line.replace(/\t/g, ' '))).toEqual([
    '1000',
    '2000',
    '2000 3000 4000',
    '3000',
    'touch: /x: Read-only file system',
    'CapEff: 0000000000000000',
    'NoNewPrivs: 1',
    '',
  ]);
});

test('root is refused to who must not be root', async () => {
  await node.run('root', { securityContext: { runAsNonRoot: true }, containers: [shell('sleep 1000')] });
  const pod = await node.until(
    'root',
    (seen) => statusOf(seen)?.state?.waiting?.reason === 'CreateContainerConfigError',
  );
  expect(statusOf(pod)?.state?.waiting?.message).toContain('container has runAsNonRoot and image will run as root');
});

test("the machine's files, names and processes are given when asked for", async () => {
  await writeFile(join(directory, 'file'), 'from the machine\n');
  const { log } = await runsToItsEnd('host', {
    hostNetwork: true,
    hostPID: true,
    containers: [
      {
        ...shell('cat /host/file /one; ls /sub; [ $$$$ -gt 100 ] && echo sees; cat /etc/hostname | wc -l'),
        securityContext: { privileged: true },
        volumeMounts: [
          { name: 'host', mountPath: '/host', readOnly: true },
          { name: 'host', mountPath: '/one', subPath: 'file' },
          { name: 'scratch', mountPath: '/sub', subPathExpr: 'a/b' },
        ],
      },
    ],
    volumes: [
      { name: 'host', hostPath: { path: directory, type: 'Directory' } },
      { name: 'scratch', emptyDir: {} },
    ],
  });
  expect(log).toBe('from the machine\nfrom the machine\nsees\n1\n');
});

test('a part of a volume that no annotation names holds the container until one does', async () => {
  const variable = { name: 'PART', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['part']" } } };
  const volumeMounts = [{ name: 'scratch', mountPath: '/part', subPathExpr: '$(PART)/a' }];
  await node.run('part', {
    restartPolicy: 'Never',
    containers: [{ ...shell('test -d /part'), env: [variable], volumeMounts }],
    volumes: [{ name: 'scratch', emptyDir: {} }],
  });
  const waiting = await node.until('part', (pod) => statusOf(pod)?.state?.waiting?.message !== undefined);
  expect(statusOf(waiting)?.state?.waiting).toEqual({
    reason: 'CreateContainerConfigError',
    message: 'missing value for PART',
  });
  const annotations = { part: 'named' };
  const target = { namespace: 'default', name: 'part' };
  await node.client.patch(resources.pods, target, { type: 'merge', body: { metadata: { annotations } } });
  await node.until('part', ({ status }) => status?.phase === 'Succeeded');
});

test('a volume of the wrong type holds the pod and says so', async () => {
  await node.run('wrong', {
    containers: [shell('true')],
    volumes: [{ name: 'v', hostPath: { path: join(directory, 'absent'), type: 'Directory' } }],
  });
  await expect
    .poll(() => messagesOf('wrong'))
    .toContain(
      `MountVolume.SetUp failed for volume "v" : hostPath type check failed: ${join(directory, 'absent')} is not a directory`,
    );
  expect((await node.pod('wrong')).status?.phase).toBe('Pending');
});

test('a pod gets a token of its account, the authority and what it is itself', async () => {
  await node.client.create(resources.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'root-ca', namespace: 'default' },
    data: { 'ca.crt': 'PEM' },
  });
  const { log } = await runsToItsEnd('projected', {
    containers: [
      {
        ...shell('cut -d. -f2 /var/run/p/token; cat /var/run/p/ca /var/run/p/name'),
        volumeMounts: [{ name: 'p', mountPath: '/var/run/p' }],
      },
    ],
    volumes: [
      {
        name: 'p',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
            { configMap: { name: 'root-ca', items: [{ key: 'ca.crt', path: 'ca' }] } },
            { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
          ],
        },
      },
    ],
  });
  const [claims = '', rest] = log.split('\n');
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
    sub: 'system:serviceaccount:default:default',
    'kubernetes.io': { pod: { name: 'projected' } },
  });
  expect(rest).toBe('PEMprojected');
});

test('a token belongs to whom all containers of its pod run as', async () => {
  const token = { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } };
  const volumes = [{ name: 'p', projected: { sources: [token] } }];
  const container = {
    ...shell('stat -Lc "%u %g %a" /var/run/p/token; cut -c1-3 /var/run/p/token'),
    volumeMounts: [{ name: 'p', mountPath: '/var/run/p' }],
  };
  const seen = async (name: string, securityContext: object, others: (typeof container)[] = []) =>
    (await runsToItsEnd(name, { securityContext, containers: [container, ...others], volumes })).log;
  expect(await seen('token-of-root', {})).toBe('0 0 644\neyJ\n');
  expect(await seen('token-of-one', { runAsUser: 1000 })).toBe('1000 0 600\neyJ\n');
  expect(await seen('token-of-both', { runAsUser: 1000, fsGroup: 3000 })).toBe('1000 3000 640\neyJ\n');
  const another = { ...container, name: 'another', securityContext: { runAsUser: 2000 } };
  expect(await seen('token-of-two', { runAsUser: 1000 }, [another])).toBe('0 0 644\neyJ\n');
  expect(await seen('token-of-group', { fsGroup: 3000, runAsUser: 1000 }, [another])).toBe('0 3000 640\neyJ\n');
});

test('a pod runs by the handler of its RuntimeClass, which the runtime has to know', async () => {
  for (const handler of ['runc', 'absent']) {
    const named = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: `by-${handler}` } } as const;
    await node.client.create(resources.runtimeClasses, { ...named, handler });
    await node.run(handler, { restartPolicy: 'Never', runtimeClassName: `by-${handler}`, containers: [shell('true')] });
  }
  await node.until('runc', ({ status }) => status?.phase === 'Succeeded');
  const refused = expect.stringMatching(/^Failed to create pod sandbox: .*no runtime for "absent" is configured$/);
  await expect.poll(() => messagesOf('absent')).toContainEqual(refused);
  expect((await node.pod('absent')).status?.phase).toBe('Pending');
});

test('a pod gets the settings of the kernel that are its own alone, and no others', async () => {
  const sysctls = [
    { name: 'net.ipv4.ip_local_port_range', value: '40000 41000' },
    { name: 'kernel/shm_rmid_forced', value: '1' },
  ];
  const { log } = await runsToItsEnd('settings', {
    securityContext: { sysctls },
    containers: [shell('cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/kernel/shm_rmid_forced')],
  });
  expect(log.split(/\s+/)).toEqual(['40000', '41000', '1', '']);
  const unsafe = { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1000' }] } };
  await node.run('unsafe', { ...unsafe, containers: [shell('sleep 1000')] });
  const { status } = await node.until('unsafe', (pod) => pod.status?.phase === 'Failed');
  const message = 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted';
  expect(status).toMatchObject({ reason: 'SysctlForbidden', message });
});

test('a pod that asks for a confinement which the node does not have never runs', async () => {
  const refused = {
    SupplementalGroupsPolicyNotSupported: { securityContext: { supplementalGroupsPolicy: 'Strict' } },
    PodOSNotSupported: { os: { name: 'windows' } },
    // AppArmor may be there on the machine that tests: no kernel has this profile.
    AppArmor: { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'berth-has-none' } } },
  } as const;
  for (const [reason, spec] of Object.entries(refused)) {
    const name = reason.toLowerCase();
    await node.run(name, { ...spec, containers: [shell('sleep 1000')] });
    if (reason === 'AppArmor' && existsSync('/sys/kernel/security/apparmor')) continue;
    const { status } = await node.until(name, (pod) => pod.status?.phase === 'Failed');
    expect(status?.reason).toBe(reason);
  }
  await node.run('users', { hostUsers: false, containers: [shell('sleep 1000')] });
  const why = "can't set `spec.hostUsers: false`, runtime does not support user namespaces";
  await expect.poll(() => messagesOf('users')).toContain(`Failed to create pod sandbox: ${why}`);
  expect((await node.pod('users')).status?.phase).toBe('Pending');
});
