import { expect, test } from 'vitest';
import { manualClock } from '../client/index.ts';
import { fakeClient } from './fake-client.ts';
import { eventRecorder } from './index.ts';

test('a flood about one object is cut, and a clock that is put back silences nobody', async () => {
  const { client } = fakeClient();
  let written = 0;
  const counting = {
    create: (...args: Parameters<typeof client.create>) => {
      written += 1;
      return client.create(...args);
    },
    patch: async () => {
      written += 1;
      return undefined as never;
    },
  };
  const clock = manualClock(10 * 3_600_000);
  const recorder = eventRecorder({ client: counting as unknown as typeof client, component: 'test', clock });
  const about = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', uid: 'u' } };
  const record = async (times: number) => {
    for (let time = 0; time < times; time += 1) recorder.record(about, 'Normal', 'Pulling', 'Pulling image "x"');
    await recorder.flush();
    return written;
  };
  expect(await record(10)).toBe(10);
  // As the machine's clock does it: at once, without anything in between.
  clock.advance(-2 * 3_600_000);
  expect(await record(5)).toBe(15);
  expect(await record(30)).toBe(25);
});

test('what is about two parts of an object is two events', async () => {
  const { client } = fakeClient();
  const made: (string | undefined)[] = [];
  const keeping = {
    create: async (_: unknown, event: { involvedObject: { fieldPath?: string } }) => {
      made.push(event.involvedObject.fieldPath);
      return event;
    },
    patch: async () => undefined,
  };
  const recorder = eventRecorder({ client: keeping as unknown as typeof client, component: 'test' });
  const about = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', uid: 'u' } };
  for (const part of ['spec.containers{a}', 'spec.containers{b}', 'spec.containers{a}', undefined])
    recorder.record(about, 'Normal', 'Started', 'Container started', part);
  await recorder.flush();
  expect(made).toEqual(['spec.containers{a}', 'spec.containers{b}', undefined]);
});
