import type { Pod } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import type { NodeContext } from './context.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import { Supervision } from './supervision.ts';
import { Termination } from './termination.ts';

interface Told {
  container: string;
  seconds: number;
}

/** A pod whose containers all run. `takes`: how many seconds each needs to end, of a clock that only they move. */
function podThatEnds(spec: object, takes: Record<string, number>) {
  let now = 1_000_000;
  const told: Told[] = [];
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default', uid: 'u' }, spec } as Pod;
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const containers = all.map(({ name }) => ({ id: name, name, state: 'running' }) as ObservedContainer);
  const observed: ObservedPod = { sandboxes: [], containers };
  const events: string[] = [];
  const runtime = {
    async stopContainer(id: string, seconds: number) {
      told.push({ container: id, seconds });
      await Promise.resolve();
      now += (takes[id] ?? 0) * 1000;
    },
    async execSync(id: string) {
      now += (takes[`${id} hook`] ?? 0) * 1000;
      events.push(`hook ${id}`);
      return { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), exitCode: 0 };
    },
  };
  const recorder = { record: (_about: unknown, _severity: unknown, reason: string) => events.push(reason) };
  const context = { runtime, recorder, now: () => now, processes: true, hostIps: [] } as unknown as NodeContext;
  const memory = { containers: new Map(), mounted: true };
  const parts = { context, pod: () => pod, observed, memory };
  const notice = async (id: string) => {
    for (const container of containers) if (container.id === id) container.state = 'exited';
  };
  const supervision = new Supervision({ ...parts, changed: () => {} });
  return { told, events, termination: new Termination({ ...parts, supervision, status: () => undefined, notice }) };
}

const sidecar = (name: string, more: object = {}) => ({ name, restartPolicy: 'Always', ...more });

test('sidecars are told to end after the others, the last begun first, in what is left of one grace', async () => {
  const { told, termination } = podThatEnds(
    {
      terminationGracePeriodSeconds: 30,
      initContainers: [sidecar('first'), sidecar('second')],
      containers: [{ name: 'main' }],
    },
    { main: 10, second: 15 },
  );
  await termination.terminate();
  expect(told).toEqual([
    { container: 'main', seconds: 30 },
    { container: 'second', seconds: 20 },
    { container: 'first', seconds: 5 },
  ]);
});

test('who comes after the time is up still gets a moment', async () => {
  const { told, termination } = podThatEnds(
    { terminationGracePeriodSeconds: 10, initContainers: [sidecar('proxy')], containers: [{ name: 'main' }] },
    { main: 10 },
  );
  await termination.terminate();
  expect(told).toEqual([
    { container: 'main', seconds: 10 },
    { container: 'proxy', seconds: 2 },
  ]);
});

test('the hook of a sidecar does not wait for the others, and takes from the same grace', async () => {
  const { told, events, termination } = podThatEnds(
    {
      terminationGracePeriodSeconds: 20,
      initContainers: [sidecar('proxy', { lifecycle: { preStop: { exec: { command: ['drain'] } } } })],
      containers: [{ name: 'main' }],
    },
    { main: 5, 'proxy hook': 3 },
  );
  await termination.terminate();
  expect(events.filter((event) => event !== 'Killing')).toEqual(['hook proxy']);
  expect(told.at(-1)).toEqual({ container: 'proxy', seconds: 12 });
});

test('a grace that is made shorter ends the wait', async () => {
  const { told, termination } = podThatEnds(
    {
      terminationGracePeriodSeconds: 3000,
      containers: [{ name: 'main', lifecycle: { preStop: { sleep: { seconds: 3000 } } } }],
    },
    {},
  );
  const over = termination.terminate();
  await termination.hurry(0);
  await over;
  expect(told).toEqual([{ container: 'main', seconds: 2 }]);
});
