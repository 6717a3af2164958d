import { setImmediate } from 'node:timers/promises';
import type { KubeClient } from '@berth/kube/client';
import { BerthError } from '@berth/kube/errors';
import { resources } from '@berth/kube/objects';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { startTestApi } from '../../api/testing.ts';
import { createSimulatedRuntime } from '../runtime/simulated/index.ts';
import { readMachine, registerNode } from './index.ts';

async function register(client: KubeClient) {
  const machine = await readMachine('/');
  return await registerNode({
    client,
    name: 'n0',
    machine,
    allocatable: machine,
    runtime: createSimulatedRuntime(),
    podCidr: '10.200.0.0/24',
    kubeletVersion: 'v1.35.0',
    leaseSeconds: 0.2,
    logger: pino({ level: 'silent' }),
    now: Date.now,
  });
}

test('a node renews its lease, writes its status when it is told otherwise, and no more than that', async () => {
  const { api, [Symbol.asyncDispose]: close } = await startTestApi();
  const client = api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  const registration = await register(client);
  const node = () => client.get(resources.nodes, { name: 'n0' });
  const renewed = async () =>
    (await client.get(resources.leases, { namespace: 'kube-node-lease', name: 'n0' })).spec?.renewTime ?? '';
  const severalBeats = async () => {
    for (let beat = 0; beat < 3; beat += 1) {
      const before = await renewed();
      await expect.poll(renewed).not.toBe(before);
    }
  };
  const first = await node();
  await severalBeats();
  expect((await node()).metadata.resourceVersion).toBe(first.metadata.resourceVersion);

  const conditions = first.status?.conditions?.map((condition) => ({ ...condition, status: 'Unknown' as const }));
  const body = { status: { conditions: [...(conditions ?? []), { type: 'Theirs', status: 'True' }] } };
  await client.patch(resources.nodes, { name: 'n0' }, { type: 'merge', body }, { subresource: 'status' });
  const shown = async () => (await node()).status?.conditions?.map(({ type, status }) => `${type} ${status}`);
  await expect
    .poll(shown)
    .toEqual(['MemoryPressure False', 'DiskPressure False', 'PIDPressure False', 'Ready True', 'Theirs True']);
  registration.stop();
  await close();
});

test('what others say that a node has stays, pods may have it, and it is no reason to write again and again', async () => {
  const { api, [Symbol.asyncDispose]: close } = await startTestApi();
  const client = api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  const registration = await register(client);
  const body = { status: { capacity: { 'example.com/seat': '3' } } };
  await client.patch(resources.nodes, { name: 'n0' }, { type: 'merge', body }, { subresource: 'status' });
  const node = () => client.get(resources.nodes, { name: 'n0' });
  await expect.poll(async () => (await node()).status?.allocatable).toMatchObject({ 'example.com/seat': '3' });
  const { metadata } = await node();
  const patched = vi.spyOn(client, 'patch');
  const beats = () => patched.mock.calls.filter(([resource]) => resource === resources.leases).length;
  await expect.poll(beats).toBeGreaterThan(3);
  expect((await node()).metadata.resourceVersion).toBe(metadata.resourceVersion);
  const stale = await node();
  body.status.capacity['example.com/seat'] = '5';
  await client.patch(resources.nodes, { name: 'n0' }, { type: 'merge', body }, { subresource: 'status' });
  patched.mockClear();
  // A beat that has read the node before, and has something to write.
  vi.spyOn(client, 'get').mockResolvedValueOnce({ ...stale, status: { ...stale.status, conditions: [] } } as never);
  await expect.poll(() => patched.mock.calls.some(([resource]) => resource === resources.nodes)).toBe(true);
  await expect.poll(async () => (await node()).status?.allocatable).toMatchObject({ 'example.com/seat': '5' });
  registration.stop();
  await close();
});

test('a node whose link lets nobody through yet asks again', async () => {
  const { api, [Symbol.asyncDispose]: close } = await startTestApi();
  const client = api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  let failures = 2;
  const unreached = vi.spyOn(client, 'get').mockImplementation(async (...args) => {
    if (failures-- > 0) throw new BerthError('ServiceUnavailable', 'connect EHOSTUNREACH');
    unreached.mockRestore();
    return await client.get(...args);
  });
  const registration = await register(client);
  expect((await client.get(resources.nodes, { name: 'n0' })).metadata.name).toBe('n0');
  registration.stop();
  await close();
});

/** A node whose beats are the test's, each held in its first call until the test lets it go. */
async function heldBeats() {
  const { api, [Symbol.asyncDispose]: close } = await startTestApi();
  const client = api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const registration = await register(client);
  const held: (() => void)[] = [];
  const { node } = registration;
  vi.spyOn(client, 'get').mockImplementation((async () => node) as never);
  vi.spyOn(client, 'patch').mockImplementation((async ({ resource }: { resource: string }) => {
    if (resource === 'leases') await new Promise<void>((go) => held.push(go));
    return node;
  }) as never);
  return {
    registration,
    /** How many there were. */
    count: () => held.length,
    tick: () => vi.advanceTimersByTime(50),
    async letGo() {
      held.at(-1)?.();
      await setImmediate();
    },
    async [Symbol.asyncDispose]() {
      registration.stop();
      vi.useRealTimers();
      vi.restoreAllMocks();
      await close();
    },
  };
}

test('a beat that outlasts the interval is not followed by another at once', async () => {
  await using beats = await heldBeats();
  beats.tick();
  beats.tick();
  await beats.letGo();
  expect(beats.count()).toBe(1);
  beats.tick();
  expect(beats.count()).toBe(2);
});

test('what changed during a beat is told after it, unless the node was stopped meanwhile', async () => {
  await using beats = await heldBeats();
  beats.tick();
  beats.registration.refresh();
  await beats.letGo();
  expect(beats.count()).toBe(2);
  beats.registration.refresh();
  beats.registration.stop();
  await beats.letGo();
  beats.registration.refresh();
  expect(beats.count()).toBe(2);
});
