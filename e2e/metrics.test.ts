import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, startMetered, top, until } from './harness/index.ts';

/** What nodes and pods use, as `kubectl top` and autoscalers read it: real figures of real containers, and data of simulated ones. */
describe('metrics', () => {
  let berth: Berth;

  beforeAll(async () => {
    berth = await startMetered();
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  it('kubectl top node tells processor and memory of real and simulated nodes', async () => {
    const rows = await top(berth, 'node', '--sort-by=memory');
    expect(rows.map(([name]) => name).toSorted()).toEqual(['node-1', 'simulated-0', 'simulated-1']);
    // A machine that runs this test uses more than nothing, and less than all there is.
    const real = rows.find(([name]) => name === 'node-1') ?? [];
    expect(real.join(' ')).toMatch(/^node-1 [1-9]\d*m \d+% [1-9]\d*Mi [1-9]\d?%$/);
    const pretended = rows.filter(([name]) => name?.startsWith('simulated'));
    // One pod of 90m and 64Mi, on 32 processors and 256 GiB, is on one of the two.
    expect(pretended.map((row) => row.slice(1).join(' ')).toSorted()).toEqual(['0m 0% 0Mi 0%', '90m 0% 64Mi 0%']);
  });

  it('kubectl top pod tells it by pod, container, label and namespace', async () => {
    const busy = (await top(berth, 'pod', '-l', 'app=busy'))[0] ?? [];
    // It may use a tenth of a processor, and wants more.
    const millis = Number.parseInt(busy[1] ?? '', 10);
    expect(millis).toBeGreaterThan(20);
    expect(millis).toBeLessThan(200);
    const containers = await top(berth, 'pod', 'calm', '--containers');
    expect(containers.map(([pod, name]) => `${pod} ${name}`)).toEqual(['calm main', 'calm side']);
    for (const [, , cpu, memory] of containers) expect(`${cpu} ${memory}`).toMatch(/^\d+m \d+Mi$/);
    const sorted = await top(berth, 'pod', '--sort-by=cpu');
    const used = sorted.map(([, cpu]) => Number.parseInt(cpu ?? '', 10));
    expect(used).toEqual(used.toSorted((a, b) => b - a));
    const summed = await berth.kubectl('top', 'pod', '-A', '--sum');
    expect(summed).toMatch(/NAMESPACE +NAME +CPU\(cores\) +MEMORY\(bytes\)/);
    expect(summed).toMatch(/default +calm +\d+m/);
    expect(summed).toMatch(/_+ +_+ *\n +\d+m +\d+Mi/);
    expect((await berth.tryKubectl(['top', 'pod', 'absent'])).stderr).toContain(
      'podmetrics.metrics.k8s.io "default/absent" not found',
    );
  });

  it('kubectl get lists them as tables, and the view role may', async () => {
    expect(await berth.kubectl('get', 'podmetrics')).toMatch(/^NAME +CPU +MEMORY +WINDOW/);
    expect(await berth.kubectl('get', 'nodes.metrics.k8s.io')).toMatch(/simulated-0 +\d+\w? +\d+\w* +10s/);
    await berth.kubectl('create', 'serviceaccount', 'viewer');
    await berth.kubectl('create', 'rolebinding', 'viewer', '--clusterrole=view', '--serviceaccount=default:viewer');
    const may = (verb: string) =>
      berth.tryKubectl(['auth', 'can-i', verb, 'pods.metrics.k8s.io', '--as=system:serviceaccount:default:viewer']);
    await until('the role is given', async () => (await may('list')).stdout.trim() === 'yes');
    expect((await may('delete')).stdout.trim()).toBe('no');
  });
});
