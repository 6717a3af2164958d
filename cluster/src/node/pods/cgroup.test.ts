import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readPodCgroup, writePodCgroup } from './cgroup.ts';

/** A directory that looks like the kernel's, with a cgroup `/pod`. */
async function hierarchy(contents: Record<string, string>) {
  const root = await mkdtemp(join(tmpdir(), 'berth-cgroup-'));
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return {
    root,
    contents: async () => {
      const entries = Object.keys(contents).map(async (path) => [path, await readFile(join(root, path), 'utf8')]);
      return Object.fromEntries(await Promise.all(entries)) as Record<string, string>;
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  };
}

const version1 = {
  'cpu,cpuacct/pod/cpu.shares': '1024\n',
  'cpu,cpuacct/pod/cpu.cfs_quota_us': '-1\n',
  'memory/pod/memory.limit_in_bytes': '9223372036854771712\n',
  'pids/pod/pids.max': 'max\n',
};
const version2 = {
  'cgroup.controllers': 'cpu memory\n',
  'pod/cpu.weight': '100\n',
  'pod/cpu.max': 'max 100000\n',
  'pod/memory.max': 'max\n',
};
const unlimited = Number.POSITIVE_INFINITY;

test('a cgroup of version 1 is read and set', async () => {
  await using kernel = await hierarchy(version1);
  const { root } = kernel;
  expect(await readPodCgroup('/pod', root)).toEqual({ cpuShares: 1024, cpuQuota: unlimited, memoryLimit: unlimited });
  await writePodCgroup('/pod', { cpuShares: 204, cpuQuota: 20_000, memoryLimit: 64 << 20 }, root);
  expect(await kernel.contents()).toEqual({
    'cpu,cpuacct/pod/cpu.shares': '204',
    'cpu,cpuacct/pod/cpu.cfs_quota_us': '20000',
    'memory/pod/memory.limit_in_bytes': '67108864',
    'pids/pod/pids.max': 'max\n',
  });
  expect(await readPodCgroup('/pod', root)).toEqual({ cpuShares: 204, cpuQuota: 20_000, memoryLimit: 64 << 20 });
  await writePodCgroup('/pod', { cpuQuota: unlimited, memoryLimit: unlimited }, root);
  expect(await kernel.contents()).toMatchObject({
    'cpu,cpuacct/pod/cpu.cfs_quota_us': '-1',
    'memory/pod/memory.limit_in_bytes': '-1',
  });
});

test('a cgroup of version 2 is read and set', async () => {
  await using kernel = await hierarchy(version2);
  const { root } = kernel;
  expect(await readPodCgroup('/pod', root)).toMatchObject({ cpuQuota: unlimited, memoryLimit: unlimited });
  await writePodCgroup('/pod', { cpuShares: 1024, cpuQuota: 20_000, memoryLimit: 64 << 20 }, root);
  expect(await kernel.contents()).toEqual({
    ...version2,
    'pod/cpu.weight': '39',
    'pod/cpu.max': '20000 100000',
    'pod/memory.max': '67108864',
  });
  const { cpuShares = 0, ...limits } = (await readPodCgroup('/pod', root)) ?? {};
  expect(limits).toEqual({ cpuQuota: 20_000, memoryLimit: 64 << 20 });
  // What is kept is coarser: 39 stands for 27 shares at once.
  expect(Math.abs(cpuShares - 1024)).toBeLessThan(28);
  await writePodCgroup('/pod', { cpuQuota: unlimited, memoryLimit: unlimited }, root);
  expect(await kernel.contents()).toMatchObject({ 'pod/cpu.max': 'max 100000', 'pod/memory.max': 'max' });
});

test('of a cgroup that is not there nothing is known, and setting it makes nothing', async () => {
  await using kernel = await hierarchy(version2);
  expect(await readPodCgroup('/absent', kernel.root)).toBeUndefined();
  await writePodCgroup('/absent', { memoryLimit: 1 }, kernel.root);
  expect(await kernel.contents()).toEqual(version2);
});
