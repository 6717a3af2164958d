import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runtimeConformance } from '../conformance.ts';
import type { SandboxConfig } from '../types.ts';
import { type OwnContainerd, ownContainerd } from './fixture.ts';

let node: OwnContainerd;
beforeAll(async () => {
  node = await ownContainerd();
});
afterAll(() => node[Symbol.asyncDispose]());

runtimeConformance('containerd', async () => ({
  runtime: node.containerd.runtime,
  image: 'berth.local/busybox:1',
  program: (behaviour) => ({
    command: ['/bin/sh', '-c', behaviour === 'forever' ? 'sleep 1000' : 'exit 3'],
  }),
  logDirectory: join(node.directory, 'logs'),
  cgroupParent: `/berth-${node.instance}/conformance`,
  async [Symbol.asyncDispose]() {
    for (const { id } of await node.containerd.runtime.listSandboxes()) {
      await node.containerd.runtime.stopSandbox(id);
      await node.containerd.runtime.removeSandbox(id);
    }
  },
}));

test('a second start takes the running one over', async () => {
  const again = await node.again();
  expect(again.adopted).toBe(true);
  expect((await again.runtime.version()).name).toBe('containerd');
  again.release();
});

test('stop leaves no process, mount, cgroup or link', async () => {
  const own = await ownContainerd();
  await own.containerd.runtime.version();
  const { instance, directory } = own;
  const pid = JSON.parse(await readFile(own.containerd.paths.pid, 'utf8')).pid as number;
  await own[Symbol.asyncDispose]();
  expect(await readdir('/proc')).not.toContain(String(pid));
  expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(directory);
  expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(`berth-${instance}`);
  expect(await readFile('/proc/self/cgroup', 'utf8')).not.toContain(instance);
  expect(await readdir('/run')).not.toContain(`berth-${instance}`);
});

test('stop removes a sandbox whose network plugin fails at first, as it does when two take one link away', async () => {
  const plugins = await mkdtemp(join(tmpdir(), 'berth-cni-'));
  for (const name of ['host-local', 'loopback', 'portmap']) await symlink(`/usr/lib/cni/${name}`, join(plugins, name));
  await writeFile(join(plugins, 'ptp'), failsFirst, { mode: 0o755 });
  const own = await ownContainerd({ cniPlugins: plugins });
  const id = await own.containerd.runtime.runSandbox(sandbox(own, 'a'));
  await own[Symbol.asyncDispose]();
  expect(await readdir(plugins)).toContain(id);
  expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(own.instance);
  await rm(plugins, { recursive: true });
});

test('a damaged archive is refused with its name', async () => {
  const file = join(tmpdir(), `berth-${process.pid}.tar`);
  await writeFile(file, 'no archive');
  try {
    await expect(node.containerd.importImage(file)).rejects.toMatchObject({
      code: 'BadRequest',
      message: expect.stringContaining(file),
    });
  } finally {
    await rm(file, { force: true });
  }
});

const sandbox = (own: OwnContainerd, uid: string): SandboxConfig => ({
  metadata: { name: uid, namespace: 'default', uid, attempt: 0 },
  hostname: uid,
  logDirectory: join(own.directory, 'logs', uid),
  portMappings: [],
  labels: {},
  annotations: {},
  cgroupParent: `/berth-${own.instance}/${uid}`,
  sysctls: {},
  namespaces: { network: 'pod', pid: 'container', ipc: 'pod' },
  privileged: false,
  supplementalGroups: [],
});

/** The real plugin, but for the first removal of each sandbox. */
const failsFirst = `#!/bin/sh
if [ "$CNI_COMMAND" = DEL ] && mkdir "$(dirname "$0")/$CNI_CONTAINERID" 2>/dev/null; then
  echo '{ "cniVersion": "0.4.0", "code": 999, "msg": "failed to delete eth0: no such device" }'
  exit 1
fi
exec /usr/lib/cni/ptp
`;
