import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Architecture, buildImage, busyboxImage, nodeRootfs, pauseImage } from './index.ts';

const run = promisify(execFile);
const architecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** A containerd of the test's own, without CRI, and `ctr` against it. */
async function ownContainerd() {
  const directory = await mkdtemp(join(tmpdir(), 'berth-containerd-'));
  const config = join(directory, 'config.toml');
  const socket = join(directory, 'c.sock');
  await writeFile(
    config,
    `version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
`,
  );
  const daemon = spawn('containerd', ['-c', config], { stdio: 'ignore' });
  const exited = once(daemon, 'exit');
  await once(daemon, 'spawn');
  while (
    !(await access(socket).then(
      () => true,
      () => false,
    ))
  ) {
    await delay(10);
  }
  return {
    directory,
    ctr: async (...args: string[]) => (await run('ctr', ['-a', socket, '-n', 'k8s.io', ...args])).stdout,
    async [Symbol.asyncDispose]() {
      daemon.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

test('containerd imports the images under their names and runs them', async () => {
  await using containerd = await ownContainerd();
  const node = {
    reference: 'berth.local/node-test:1',
    architecture,
    layers: [await nodeRootfs()],
    config: { entrypoint: ['/usr/local/bin/node'], user: '65532:65532' },
  };
  const digests = new Map<string, string>();
  for (const image of [pauseImage(architecture), await busyboxImage(architecture), node]) {
    const built = await buildImage(image, { output: join(containerd.directory, 'image.tar') });
    await containerd.ctr('images', 'import', built.path);
    digests.set(built.reference, built.manifestDigest);
  }
  const listed = await containerd.ctr('images', 'ls');
  for (const [reference, digest] of digests) expect(listed).toMatch(new RegExp(`^${reference} .*${digest}`, 'm'));

  const shell = ['/bin/sh', '-c', 'id -u; cat /etc/nsswitch.conf | wc -l'];
  expect(await containerd.ctr('run', '--rm', 'berth.local/busybox:1', 'shell', ...shell)).toBe('0\n3\n');
  const script = 'console.log(process.version, process.getuid())';
  const command = ['/usr/local/bin/node', '-e', script];
  expect(await containerd.ctr('run', '--rm', node.reference, 'node', ...command)).toBe(`${process.version} 65532\n`);

  await containerd.ctr('run', '-d', 'berth.local/pause:1', 'sandbox');
  await containerd.ctr('task', 'kill', '-s', 'SIGTERM', 'sandbox');
  while (!(await containerd.ctr('task', 'ls')).includes('STOPPED')) await delay(10);
  await containerd.ctr('task', 'rm', 'sandbox');
  await containerd.ctr('container', 'rm', 'sandbox');
});

test('skopeo reads the archives, as an OCI layout and as a Docker archive', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-skopeo-'));
  try {
    const image = { ...(await busyboxImage(architecture)), reference: 'berth.local/judged:7' };
    const built = await buildImage(
      { ...image, config: { ...image.config, labels: { 'dev.berth.test': 'yes' } } },
      { output: join(directory, 'image.tar'), compression: 'gzip' },
    );
    for (const transport of ['oci-archive', 'docker-archive']) {
      const { stdout } = await run('skopeo', ['inspect', `${transport}:${built.path}`]);
      expect(JSON.parse(stdout)).toMatchObject({
        Architecture: architecture,
        Os: 'linux',
        Labels: { 'dev.berth.test': 'yes' },
      });
    }
    const { stdout } = await run('skopeo', ['inspect', '--format', '{{.Digest}}', `oci-archive:${built.path}`]);
    expect(stdout.trim()).toBe(built.manifestDigest);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
