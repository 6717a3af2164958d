import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, isReady, observe, processesOf, startLosable, toleration, until } from './harness/index.ts';

/** Nodes that are lost and come back, done for real. */
describe('several nodes', () => {
  let berth: Berth;

  beforeAll(async () => {
    berth = await startLosable();
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  const { list, pods, node, condition, uids, spread } = observe(() => berth);

  it('lists them, each with an address of its own', async () => {
    const { stdout } = await berth.berth('node', 'ls');
    expect(stdout).toBe('NODE    STATE\nnode-1  running\nnode-2  running\nnode-3  running\n');
    expect((await spread()).nodes).toEqual(new Set(['node-1', 'node-2', 'node-3']));
  });

  it('moves the pods of a lost node after what they tolerate and not before, and never runs one identity twice', async () => {
    const before = (await list('pods')).filter(({ spec }) => spec.nodeName === 'node-2');
    const [database] = await pods('db');
    expect(database?.spec.nodeName).toBe('node-2');
    expect(processesOf(uids(before))).toBeGreaterThan(0);

    const stopped = await berth.berth('node', 'stop', 'node-2');
    expect(stopped.stderr).toBe('');
    expect(processesOf(uids(before))).toBe(0);
    expect((await berth.berth('node', 'ls')).stdout).toContain('node-2  stopped');
    await until('the node to be Unknown', async () => condition(await node('node-2'), 'Ready')?.status === 'Unknown');
    expect(condition(await node('node-2'), 'Ready')).toMatchObject({
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    await until('its pods to count as not ready', async () => !(await pods('db')).some(isReady));

    await until('others to take over', async () => {
      const { count, nodes } = await spread();
      return count === 3 && !nodes.has('node-2');
    });
    const taint = (await node('node-2')).spec.taints?.find(({ effect }) => effect === 'NoExecute');
    expect(taint?.key).toBe('node.kubernetes.io/unreachable');
    const gone = (await pods('web')).filter((pod) => pod.metadata.deletionTimestamp !== undefined);
    expect(gone).not.toHaveLength(0);
    for (const { metadata } of gone) {
      const deletedAt =
        Date.parse(metadata.deletionTimestamp ?? '') / 1000 - (metadata.deletionGracePeriodSeconds ?? 0);
      // Both are written in whole seconds.
      expect(deletedAt - Date.parse(taint?.timeAdded ?? '') / 1000).toBeGreaterThanOrEqual(toleration - 1);
    }
    await until('the database to be told to go', async () => {
      const [pod] = await pods('db');
      return pod?.metadata.deletionTimestamp !== undefined;
    });
    // Nobody knows whether it has ended: another one must not start.
    expect(uids(await pods('db'))).toEqual([database?.metadata.uid]);
    expect(await berth.kubectl('get', 'events')).toContain('Marking for deletion Pod default/db-0');
    const [patient] = await list('pods', '-l', 'app=patient');
    expect(patient?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('takes the node back: what was deleted ends, what was not goes on', async () => {
    const left = (await list('pods')).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(left.length).toBeGreaterThan(1);
    const started = await berth.berth('node', 'start', 'node-2');
    expect(started.stderr).toBe('');
    await until('the node to be ready, without taints', async () => {
      const found = await node('node-2');
      return isReady(found) && found.spec.taints === undefined;
    });
    await until('the old pods to be gone', async () => {
      const now = new Set(uids(await list('pods')));
      return uids(left).every((uid) => !now.has(uid));
    });
    await berth.kubectl('rollout', 'status', 'statefulset/db', '--timeout=60s');
    const [database] = await pods('db');
    expect(database?.spec.nodeName).toBe('node-2');
    expect(processesOf(uids(left))).toBe(0);
    await until('the patient pod to run again', async () => {
      const [pod] = await list('pods', '-l', 'app=patient');
      return pod !== undefined && isReady(pod) && pod.status.containerStatuses?.[0]?.restartCount === 1;
    });
    expect((await spread()).count).toBe(3);
  });
});
