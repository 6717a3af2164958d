import type { Node } from '@berth/kube/objects';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { createHousekeeping, type HousekeepingSettings } from './housekeeping.ts';
import { readMachine } from './registration/index.ts';
import { createSimulatedRuntime } from './runtime/simulated/index.ts';

/** Housekeeping at work on a node with one image that nobody uses. */
async function keepHouse(settings: HousekeepingSettings, keepOnly: () => Promise<void>) {
  const over = new AbortController();
  const runtime = createSimulatedRuntime({ images: ['registry.example/spare:1'] });
  const logger = pino({ level: 'silent' });
  const warned = vi.spyOn(logger, 'warn');
  const { start } = createHousekeeping({
    settings: { eviction: { hard: '' }, ...settings },
    around: {
      node: 'n0',
      instance: 'abcdef',
      machine: await readMachine('/'),
      runtime,
      directories: { pods: '/', secrets: '/' },
      now: Date.now,
    },
    podLogs: '/',
    pulls: { keepOnly },
    recorder: { record: () => undefined },
    logger,
    signal: over.signal,
  });
  const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n0' } };
  start({ node, agent: { worker: () => undefined, workers: () => [] }, changed: () => undefined });
  return { runtime, warned, [Symbol.dispose]: () => over.abort() };
}

test('a node that removes no images for want of room still notes which are there, and forgets the pulls of others', async () => {
  const keepOnly = vi.fn(async () => undefined);
  using _house = await keepHouse({ imageGarbage: { highThreshold: 100 } }, keepOnly);
  await expect.poll(() => keepOnly.mock.calls).toEqual([[['simulated:registry.example/spare:1'], expect.any(Number)]]);
});

test('images go though nobody could write down which there are', async () => {
  const house = { imageGarbage: { highThreshold: 0, lowThreshold: 0, minimumAge: 0 } };
  using kept = await keepHouse(house, () => Promise.reject(new Error('no space left on device')));
  await expect.poll(() => kept.runtime.listImages()).toEqual([]);
  expect(kept.warned).toHaveBeenCalledWith({ err: new Error('no space left on device') }, expect.any(String));
});
