import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../client/clock.ts';
import { sharedInformers } from '../client/informers.ts';
import { BerthError } from '../errors/index.ts';
import { type ConfigMap, type Event, type Lease, resources } from '../objects/index.ts';
import { fakeClient } from './fake-client.ts';
import { eventRecorder, type Outcome, type Reconciler, startWorker, type View, whileLeading } from './index.ts';

const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop' },
  data,
});

function start(reconcile: (object: ConfigMap, view: View, now: number) => Outcome, concurrency = 5) {
  const fake = fakeClient();
  const { client } = fake;
  const abort = new AbortController();
  const clock = manualClock(1_000_000);
  const informers = sharedInformers({ client, signal: abort.signal, clock });
  const recorder = eventRecorder({ client, component: 'test', clock });
  const reconciler: Reconciler<ConfigMap> = { name: 'test', resource: resources.configMaps, watches: [], reconcile };
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  startWorker({ reconciler, client, informers, recorder, signal: abort.signal, clock, concurrency, onError });
  async function until(condition: () => boolean) {
    for (let turn = 0; turn < 2000 && !condition(); turn++) await setImmediate();
    expect(condition()).toBe(true);
  }
  return { ...fake, clock, errors, until, recorder, [Symbol.dispose]: () => abort.abort() };
}

describe('a worker', () => {
  test('carries actions out, and the view shows them at once', async () => {
    const seen: number[] = [];
    using run = start((object, view) => {
      const all = view.list(resources.configMaps, { namespace: 'shop' });
      seen.push(all.length);
      if (object.metadata.name !== 'first' || all.length >= 3) return { actions: [] };
      return { actions: [{ type: 'create', resource: resources.configMaps, object: configMap(`more-${all.length}`) }] };
    }, 1);
    await run.client.create(resources.configMaps, configMap('first'));
    await run.until(() => run.objects.size === 2);
    await run.client.update(resources.configMaps, configMap('first', { again: '1' }));
    await run.until(() => run.objects.size === 3);
    expect(run.calls.filter((call) => call.startsWith('create'))).toHaveLength(3);
    expect(run.errors).toEqual([]);
  });

  test('one at a time for a key; a change meanwhile brings one more call', async () => {
    let calls = 0;
    const gate = Promise.withResolvers<void>();
    using run = start((object) => {
      calls++;
      if (object.metadata.name !== 'slow' || calls > 1) return { actions: [] };
      return { actions: [{ type: 'create', resource: resources.configMaps, object: configMap('made') }] };
    });
    run.hooks.before = (call) => (call.endsWith('made') ? gate.promise : undefined);
    await run.client.create(resources.configMaps, configMap('slow'));
    await run.until(() => run.calls.includes('create configmaps/shop/made'));
    for (let at = 0; at < 5; at++) await run.client.update(resources.configMaps, configMap('slow', { at: `${at}` }));
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect(calls).toBe(1);
    gate.resolve();
    // Once more for "slow", and once for what was made.
    await run.until(() => calls === 3);
  });

  test('a failure is retried after 5 ms, 10 ms, 20 ms, …', async () => {
    const times: number[] = [];
    using run = start((_object, _view, now) => {
      times.push(now);
      return { actions: [{ type: 'create', resource: resources.secrets, object: configMap('refused') }] };
    });
    run.hooks.before = (call) => {
      if (call.includes('refused')) throw new BerthError('Forbidden', 'no');
    };
    await run.client.create(resources.configMaps, configMap('a'));
    for (let attempt = 1; attempt <= 5; attempt++) {
      await run.until(() => times.length === attempt && run.errors.length === attempt);
      await setImmediate();
      for (let waited = 0; waited < 5 * 2 ** (attempt - 1); waited++) run.clock.advance(1);
    }
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    expect(gaps).toEqual([5, 10, 20, 40]);
  });

  test('a conflict is decided again on the fresh object', async () => {
    using run = start((object) => {
      if (object.data?.done) return { actions: [] };
      return {
        actions: [
          {
            type: 'update',
            resource: resources.configMaps,
            object: { ...object, data: { ...object.data, done: '1' } },
          },
        ],
      };
    });
    let first = true;
    run.hooks.before = async (call) => {
      if (!call.startsWith('update') || !first) return;
      first = false;
      await run.client.patch(
        resources.configMaps,
        { namespace: 'shop', name: 'a' },
        { type: 'merge', body: { data: { by: 'other' } } },
      );
    };
    await run.client.create(resources.configMaps, configMap('a'));
    await run.until(() => run.calls.filter((call) => call.startsWith('update')).length === 1);
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    run.clock.advance(5);
    await run.until(() => {
      const present = run.objects.get('configmaps/shop/a') as ConfigMap;
      return present.data?.done === '1' && present.data.by === 'other';
    });
    expect(run.errors).toEqual([]);
  });

  test('looks again after requeueAfter', async () => {
    let calls = 0;
    using run = start(() => {
      calls++;
      return { actions: [], requeueAfter: 60_000 };
    });
    await run.client.create(resources.configMaps, configMap('a'));
    await run.until(() => calls === 1);
    await setImmediate();
    run.clock.advance(59_999);
    await setImmediate();
    expect(calls).toBe(1);
    run.clock.advance(1);
    await run.until(() => calls === 2);
  });

  test('many creations go in growing batches, and the first failure ends them', async () => {
    using run = start((object) => {
      if (object.metadata.name !== 'many') return { actions: [] };
      const make = (_: unknown, at: number) =>
        ({ type: 'create', resource: resources.secrets, object: configMap(`s-${at}`) }) as const;
      return { actions: Array.from({ length: 100 }, make) };
    });
    run.hooks.before = (call) => {
      if (call.includes('secrets')) throw new BerthError('Forbidden', 'exceeded quota');
    };
    await run.client.create(resources.configMaps, configMap('many'));
    await run.until(() => run.errors.length === 1);
    expect(run.calls.filter((call) => call.includes('secrets'))).toHaveLength(1);
  });
});

describe('events', () => {
  const recorded = (run: { objects: Map<string, unknown> }) =>
    [...run.objects].filter(([key]) => key.startsWith('events/')).map(([, object]) => object as Event);

  test('the same again raises the count', async () => {
    using run = start(() => ({ actions: [] }));
    for (let at = 0; at < 3; at++) run.recorder.record(configMap('a'), 'Normal', 'Happened', 'It happened');
    run.recorder.record(configMap('b'), 'Warning', 'Happened', 'It happened');
    await run.recorder.flush();
    expect(recorded(run).map((event) => [event.involvedObject.name, event.type, event.count])).toEqual([
      ['a', 'Normal', 3],
      ['b', 'Warning', 1],
    ]);
    expect(recorded(run)[0]).toMatchObject({ source: { component: 'test' }, metadata: { namespace: 'shop' } });
  });

  test('many that differ in their message only are combined, and a flood is cut', async () => {
    using run = start(() => ({ actions: [] }));
    for (let at = 0; at < 40; at++) run.recorder.record(configMap('a'), 'Warning', 'Failed', `attempt ${at}`);
    await run.recorder.flush();
    const events = recorded(run);
    expect(events).toHaveLength(10);
    expect(events.at(-1)).toMatchObject({ message: '(combined from similar events): attempt 24', count: 16 });
  });
});

describe('leadership', () => {
  const key = { namespace: 'kube-system', name: 'controllers' };

  test('one leads; the other takes over when the lease is given back, or has run out', async () => {
    const fake = fakeClient();
    const clock = manualClock(1_000_000);
    const led: string[] = [];
    const candidate = (identity: string) => {
      const abort = new AbortController();
      const done = whileLeading(
        { client: fake.client, lease: key, identity, signal: abort.signal, clock },
        async (term) => {
          led.push(`${identity} begins`);
          await new Promise((resolve) => term.addEventListener('abort', resolve, { once: true }));
          led.push(`${identity} ends`);
        },
      );
      return { abort, done };
    };
    const settle = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 500) {
        clock.advance(500);
        for (let turn = 0; turn < 5; turn++) await setImmediate();
      }
    };
    const a = candidate('a');
    await settle(1_000);
    const b = candidate('b');
    await settle(60_000);
    expect(led).toEqual(['a begins']);
    a.abort.abort();
    await a.done;
    await settle(3_000);
    expect(led).toEqual(['a begins', 'a ends', 'b begins']);
    // b can write no more: it stops by itself, and c leads once the lease has run out.
    fake.hooks.before = () => {
      throw new BerthError('ServiceUnavailable', 'away');
    };
    await settle(13_000);
    expect(led.at(-1)).toBe('b ends');
    b.abort.abort();
    await b.done;
    delete fake.hooks.before;
    const c = candidate('c');
    await settle(14_000);
    expect(led.at(-1)).toBe('b ends');
    await settle(4_000);
    expect(led.at(-1)).toBe('c begins');
    expect((fake.objects.get('leases/kube-system/controllers') as Lease).spec?.leaseTransitions).toBe(2);
    c.abort.abort();
    await c.done;
  });
});
