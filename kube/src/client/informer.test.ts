import { describe, expect, test } from 'vitest';
import { BerthError } from '../errors/index.ts';
import { type KubeObject, type Pod, resources } from '../objects/index.ts';
import { byController, type Change, manualClock, startInformer } from './index.ts';
import type { KubeClient, WatchEvent } from './types.ts';

function pod(name: string, version: number, uid = `uid-${name}`): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop', uid, resourceVersion: `${version}` } };
}

type Step = { list: Pod[]; version: number } | { events: WatchEvent<Pod>[]; end?: Error | 'stay' };

/** Answers lists and watches from a script, and records what was asked. */
function scripted(steps: Step[]) {
  const asked: string[] = [];
  const client = {
    async list(_resource: unknown, options: { continue?: string } = {}) {
      asked.push(`list${options.continue ? ` ${options.continue}` : ''}`);
      const step = steps.shift();
      if (!step || !('list' in step)) throw new BerthError('ServiceUnavailable', 'away');
      return { apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: `${step.version}` }, items: step.list };
    },
    async *watch(_resource: unknown, options: { resourceVersion?: string; signal?: AbortSignal } = {}) {
      asked.push(`watch ${options.resourceVersion}`);
      const step = steps[0] && 'events' in steps[0] ? steps.shift() : undefined;
      if (step && 'events' in step) {
        yield* step.events;
        if (step.end instanceof Error) throw step.end;
        if (step.end !== 'stay') return;
      }
      await new Promise((resolve) => options.signal?.addEventListener('abort', resolve));
    },
  } as unknown as Pick<KubeClient, 'list' | 'watch'>;
  return { client, asked };
}

function start(steps: Step[]) {
  const { client, asked } = scripted(steps);
  const abort = new AbortController();
  const clock = manualClock(1_000);
  const told: string[] = [];
  const informer = startInformer({ client, resource: resources.pods, signal: abort.signal, clock });
  informer.subscribe((change: Change<Pod>) =>
    told.push(`${change.type} ${change.object.metadata.name}@${change.object.metadata.resourceVersion}`),
  );
  const settle = async (until: () => boolean) => {
    for (let turn = 0; turn < 1000 && !until(); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(50);
    }
    expect(until()).toBe(true);
  };
  return { informer, asked, told, clock, settle, [Symbol.dispose]: () => abort.abort() };
}

describe('a stream', () => {
  test('that ends is taken up from the last version, bookmarks included', async () => {
    const bookmark: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: '', resourceVersion: '30' } };
    using run = start([
      { list: [pod('a', 5)], version: 10 },
      {
        events: [
          { type: 'ADDED', object: pod('b', 11) },
          { type: 'BOOKMARK', object: bookmark },
        ],
      },
      { events: [{ type: 'DELETED', object: pod('a', 31) }], end: 'stay' },
    ]);
    await run.settle(() => run.told.length === 3);
    expect(run.asked).toEqual(['list', 'watch 10', 'watch 30']);
    expect(run.told).toEqual(['added a@5', 'added b@11', 'deleted a@31']);
  });

  test('that is too old is relisted, and handlers are told exactly the differences', async () => {
    using run = start([
      { list: [pod('same', 1), pod('changed', 2), pod('gone', 3), pod('reborn', 4)], version: 10 },
      { events: [], end: new BerthError('Expired', 'too old resource version') },
      { list: [pod('same', 1), pod('changed', 20), pod('reborn', 21, 'another'), pod('new', 22)], version: 30 },
      { events: [], end: 'stay' },
    ]);
    await run.settle(() => run.asked.length === 4);
    expect(run.asked).toEqual(['list', 'watch 10', 'list', 'watch 30']);
    expect(run.told.slice(4).sort()).toEqual(
      ['added new@22', 'added reborn@21', 'deleted gone@3', 'deleted reborn@4', 'updated changed@20'].sort(),
    );
  });

  test('a server that is away is asked again, later and later', async () => {
    using run = start([{ events: [] }, { events: [] }, { events: [] }]);
    const times: number[] = [];
    for (let seen = 0; seen < 4; ) {
      await new Promise((resolve) => setImmediate(resolve));
      if (run.asked.length > seen) {
        seen = run.asked.length;
        times.push(run.clock.now());
      }
      run.clock.advance(50);
    }
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    expect(gaps[1]).toBeGreaterThan(gaps[0] ?? 0);
    expect(gaps[2]).toBeGreaterThan(gaps[1] ?? 0);
    expect(run.informer.hasSynced).toBe(false);
  });
});

describe('own writes', () => {
  test('are seen at once; older events about the same object change nothing', async () => {
    using run = start([
      { list: [pod('a', 5)], version: 10 },
      { events: [], end: 'stay' },
    ]);
    await run.informer.synced;
    run.informer.observe(pod('a', 20));
    run.informer.observe(pod('a', 15));
    run.informer.observe(pod('b', 21));
    expect(run.told).toEqual(['added a@5', 'updated a@20', 'added b@21']);
    expect(run.informer.get({ namespace: 'shop', name: 'a' })?.metadata.resourceVersion).toBe('20');
  });

  test('a deleted object is not brought back by what was on its way', async () => {
    using run = start([
      { list: [pod('a', 5)], version: 10 },
      { events: [], end: 'stay' },
    ]);
    await run.informer.synced;
    run.informer.observeDeleted(pod('a', 5));
    run.informer.observe(pod('a', 12));
    expect(run.informer.list()).toEqual([]);
    run.informer.observe(pod('a', 13, 'the next of that name'));
    expect(run.informer.list()).toHaveLength(1);
    run.informer.observeDeleted(pod('a', 12));
    expect(run.informer.list()).toHaveLength(1);
  });

  test('an object written after a list was made survives the list', async () => {
    using run = start([
      { list: [], version: 10 },
      { events: [], end: new BerthError('Expired', 'too old') },
      { list: [], version: 30 },
      { events: [], end: 'stay' },
    ]);
    await run.informer.synced;
    run.informer.observe(pod('before', 25));
    run.informer.observe(pod('after', 35));
    await run.settle(() => run.asked.length === 4);
    expect(run.informer.list().map((each) => each.metadata.name)).toEqual(['after']);
  });
});

test('indexes follow the objects', async () => {
  using run = start([
    { list: [pod('a', 5)], version: 10 },
    { events: [], end: 'stay' },
  ]);
  await run.informer.synced;
  const owned = (uid: string, version: number): Pod => {
    const base = pod('b', version);
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid, controller: true };
    return { ...base, metadata: { ...base.metadata, ownerReferences: [owner] } };
  };
  run.informer.observe(owned('one', 20));
  expect(run.informer.byIndex(byController, 'one')).toHaveLength(1);
  run.informer.observe(owned('two', 21));
  expect(run.informer.byIndex(byController, 'one')).toHaveLength(0);
  expect(run.informer.byIndex(byController, 'two')).toHaveLength(1);
  expect(run.informer.list('shop')).toHaveLength(2);
  expect(run.informer.list('elsewhere')).toHaveLength(0);
});
