import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resources } from '@berth/kube/objects';
import { bytes } from '@berth/kube/quantity';
import { expect, test, vi } from 'vitest';
import { startTestApi } from '../api/testing.ts';
import type { EvictionSettings } from './eviction/index.ts';
import { calmHousekeeping, speaksAs, startTestNode } from './fixture.ts';
import { createSimulatedRuntime } from './index.ts';

/** Where a node can be started, and whether it still renews its lease. */
async function nodeToBe() {
  const api = await startTestApi();
  const client = api.api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-node-'));
  const runtime = createSimulatedRuntime();
  const over = new AbortController();
  const own = speaksAs(api.api);
  const patched = vi.spyOn(own.client, 'patch');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  return {
    dataDir,
    over,
    node: () => client.get(resources.nodes, { name: 'n0' }),
    start: (hard = '', soft: Partial<EvictionSettings> = {}) =>
      startTestNode({
        ...{ ...own, dataDir, runtime, signal: over.signal },
        housekeeping: { ...calmHousekeeping, eviction: { hard, ...soft } },
      }),
    beats() {
      patched.mockClear();
      vi.advanceTimersByTime(40_000);
      return patched.mock.calls.some(([resource]) => resource === resources.leases);
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      vi.useRealTimers();
      runtime.close();
      await api[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true });
    },
  };
}

test('a node that cannot start does not say that it is there', async () => {
  await using node = await nodeToBe();
  await writeFile(join(node.dataDir, 'resizes'), 'in the way');
  await expect(node.start()).rejects.toThrow('EEXIST');
  expect(node.beats()).toBe(false);
});

test('an agent whose signal ends renews its lease no more', async () => {
  await using node = await nodeToBe();
  await node.start();
  node.over.abort();
  expect(node.beats()).toBe(false);
});

type Kept = (capacity: number) => number;
const none: Kept = () => 0;

test.each<[string, Partial<EvictionSettings>, { memory: Kept; storage: Kept }]>([
  ['', {}, { memory: none, storage: none }],
  [
    'memory.available<64Mi,nodefs.available<20%',
    {},
    { memory: () => 64 * 2 ** 20, storage: (of) => Math.floor(of * Math.fround(0.2)) },
  ],
  ['nodefs.available<32Mi,imagefs.available<50%', {}, { memory: none, storage: () => 32 * 2 ** 20 }],
  ['', { soft: 'memory.available<1Gi', softGracePeriod: 'memory.available=0s' }, { memory: none, storage: none }],
  ['memory.available<1Ei', {}, { memory: (of) => of, storage: none }],
])('under "%s" and %j pods may have all but what a hard threshold keeps free', async (hard, soft, kept) => {
  await using node = await nodeToBe();
  await node.start(hard, soft);
  const { capacity, allocatable } = (await node.node()).status ?? {};
  for (const [name, of] of [['memory', kept.memory] as const, ['ephemeral-storage', kept.storage] as const]) {
    const whole = bytes(capacity?.[name]);
    expect(whole - bytes(allocatable?.[name]), name).toBe(of(whole));
  }
});
