import { readFile } from 'node:fs/promises';
import { type Pod, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NodeFixture, nodeFixture } from './fixture.ts';

let node: NodeFixture;
beforeAll(async () => {
  node = await nodeFixture();
});
afterAll(() => node[Symbol.asyncDispose]());

/** The runtime may take its time to count what everybody uses. */
const patient = { timeout: 30_000 };
const shell = (script: string) => ({
  name: 'main',
  image: 'berth.local/busybox:1',
  command: ['/bin/sh', '-c', script],
});
const isReady = (pod: Pod) =>
  pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
const weightOf = async (cgroup: string) => {
  const files = [`/sys/fs/cgroup/cpu/${cgroup}/cpu.shares`, `/sys/fs/cgroup/${cgroup}/cpu.weight`];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return texts.join('').trim();
};

test('what runs is measured, and weighed by what it asked for', async () => {
  await node.run('weighed', {
    containers: [
      { ...shell('while true; do :; done'), resources: { requests: { cpu: '250m' }, limits: { cpu: '300m' } } },
    ],
  });
  const pod = await node.until('weighed', isReady);
  const cgroup = `berth-${node.containerd.instance}/burstable/pod${pod.metadata.uid}`;
  // cpu.weight of version 2 for the same shares is 10.
  await expect.poll(() => weightOf(cgroup)).toMatch(/^(256|10)$/);
  const used = async () => (await node.agent().usage()).containers.find((found) => found.pod === 'weighed');
  await expect.poll(async () => (await used())?.cpuNanoseconds ?? 0, patient).toBeGreaterThan(10_000_000);
});

test('the agent answers what its machine, pods and containers use, as kubelet does', async () => {
  const probe = { exec: { command: ['true'] }, periodSeconds: 1 };
  await node.run('told', {
    containers: [
      {
        ...shell('dd if=/dev/zero of=/file bs=1M count=2; while true; do :; done'),
        resources: { limits: { cpu: '200m', memory: '64Mi' } },
        readinessProbe: probe,
      },
    ],
  });
  const { metadata } = await node.until('told', isReady);
  const text = async (path: string) => {
    const answer = await node.agent().answer(path);
    expect(answer.code).toBe(200);
    return answer.body;
  };
  const own = { container: 'main', namespace: 'default', pod: 'told' };
  const value = async (path: string, name: string, labels: Record<string, string>) =>
    series(await text(path)).find(
      (one) => one.name === name && Object.entries(labels).every(([key, wanted]) => one.labels[key] === wanted),
    )?.value ?? 0;
  await expect
    .poll(() => value('/metrics/resource', 'container_cpu_usage_seconds_total', own), patient)
    .toBeGreaterThan(0.1);
  expect(await value('/metrics/resource', 'node_cpu_usage_seconds_total', {})).toBeGreaterThan(1);
  expect(await value('/metrics/resource', 'pod_memory_working_set_bytes', { pod: 'told' })).toBeGreaterThan(4096);
  const cadvisor = '/metrics/cadvisor';
  await expect
    .poll(() => value(cadvisor, 'container_cpu_cfs_throttled_periods_total', own), patient)
    .toBeGreaterThan(0);
  expect(await value(cadvisor, 'container_spec_memory_limit_bytes', own)).toBe(64 * 2 ** 20);
  expect(await value(cadvisor, 'container_memory_usage_bytes', own)).toBeGreaterThan(4096);
  expect(
    await value(cadvisor, 'container_network_receive_bytes_total', { pod: 'told', interface: 'eth0' }),
  ).toBeGreaterThan(0);
  expect(await value(cadvisor, 'machine_cpu_cores', {})).toBeGreaterThan(0);
  const counted = { ...own, pod_uid: metadata.uid ?? '', probe_type: 'Readiness', result: 'successful' };
  expect(await value('/metrics/probes', 'prober_probe_total', counted)).toBeGreaterThan(0);
  expect(await value('/metrics', 'kubelet_node_name', { node: 'n0' })).toBe(1);
  const { pods } = JSON.parse(await text('/stats/summary')) as { pods: { podRef: { name: string } }[] };
  expect(pods.find(({ podRef }) => podRef.name === 'told')).toMatchObject({
    podRef: { namespace: 'default', uid: metadata.uid },
    network: { name: 'eth0' },
    containers: [{ name: 'main', rootfs: { usedBytes: expect.any(Number) } }],
  });
  expect(JSON.parse(await text('/pods'))).toMatchObject({ kind: 'PodList' });
  await node.client.delete(resources.pods, { namespace: 'default', name: 'told' });
  await expect.poll(() => text('/metrics/probes'), patient).not.toContain('told');
});

/** The series of a text in Prometheus' format. Throws at a line that is none. */
function series(text: string): { name: string; labels: Record<string, string>; value: number }[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^# (HELP|TYPE) [a-z_]+ /.test(line))
    .map((line) => {
      const match = /^([a-z_:]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)(?: \d+)?$/.exec(line);
      if (!match) throw new Error(`not a series: ${line}`);
      const labels = [...(match[2] ?? '').matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [
        key,
        value,
      ]);
      return { name: match[1] ?? '', labels: Object.fromEntries(labels), value: Number(match[3]) };
    });
}
