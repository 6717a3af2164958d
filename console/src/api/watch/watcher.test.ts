import type { KubeObject } from '@berth/kube/objects';
import { describe, expect, it } from 'vitest';
import { ApiError, unreachable } from '../request.ts';
import { WatchCache } from './cache.ts';
import { follow, type WatcherWorld } from './watcher.ts';

const pod = (name: string, version: number, extra: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: String(version) },
  ...extra,
});

const list = (items: KubeObject[], version: number, next?: string) =>
  Response.json({
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(version), continue: next },
    items,
  });

type Answer = Response | Error | ((signal: AbortSignal) => Response);

/** Answers in order what the test says; records the paths asked for and the pauses made. */
function scripted(answers: Answer[]) {
  const asked: URL[] = [];
  const pauses: number[] = [];
  const stop = new AbortController();
  const world: WatcherWorld = {
    open: async (path, options) => {
      asked.push(new URL(path, 'https://console.test'));
      const next = answers.shift();
      if (next === undefined) {
        stop.abort();
        throw new DOMException('aborted', 'AbortError');
      }
      if (next instanceof Error) throw next;
      return typeof next === 'function' ? next(options?.signal ?? stop.signal) : next;
    },
    pause: async (ms) => void pauses.push(ms),
    random: () => 0.5,
    now: () => 0,
  };
  return { world, asked, pauses, stop };
}

const stream = (...events: { type: string; object: unknown }[]) =>
  new Response(events.map((event) => `${JSON.stringify(event)}\n`).join(''));

async function run(answers: Answer[]) {
  const script = scripted(answers);
  const cache = new WatchCache(() => 0);
  const phases: string[] = [];
  const changed = () => {
    cache.flush();
    const { phase } = cache.snapshot();
    if (phases.at(-1) !== phase) phases.push(phase);
  };
  await follow({ path: '/k8s/api/v1/pods' }, cache, { world: script.world, changed, signal: script.stop.signal });
  const names = cache.snapshot().objects.map((object) => object.metadata.name);
  return { ...script, cache, phases, names };
}

describe('following a collection', () => {
  it('lists in pages, watches from the list’s version, and goes on from the last version when the stream ends', async () => {
    const { names, asked, phases } = await run([
      list([pod('a', 1), pod('b', 2)], 10, 'more'),
      list([pod('c', 3)], 10),
      stream(
        { type: 'MODIFIED', object: pod('a', 11) },
        { type: 'DELETED', object: pod('b', 12) },
        { type: 'BOOKMARK', object: { kind: 'Pod', apiVersion: 'v1', metadata: { resourceVersion: '20' } } },
      ),
      stream({ type: 'ADDED', object: pod('d', 21) }),
    ]);
    expect(names).toEqual(['a', 'c', 'd']);
    expect(asked.map((url) => url.searchParams.get('continue') ?? url.searchParams.get('resourceVersion'))).toEqual([
      null,
      'more',
      '10',
      '20',
      '21',
    ]);
    expect(phases).toEqual(['loading', 'live']);
  });

  it('gives items of a list the kind that they lack on the wire', async () => {
    const { kind: _kind, apiVersion: _apiVersion, ...bare } = pod('a', 1);
    const { cache } = await run([list([bare as KubeObject], 1)]);
    expect(cache.snapshot().objects[0]).toMatchObject({ kind: 'Pod', apiVersion: 'v1' });
  });

  it('lists again when its version has expired, in the stream or at once, and forgets what is gone', async () => {
    const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };
    const { names, asked, pauses } = await run([
      list([pod('a', 1), pod('b', 2)], 10),
      stream(expired),
      list([pod('b', 2), pod('c', 30)], 40),
      new ApiError(410, 'Expired', 'too old'),
      list([pod('c', 30)], 50),
    ]);
    expect(names).toEqual(['c']);
    expect(asked.filter((url) => url.searchParams.has('limit'))).toHaveLength(3);
    expect(pauses.length).toBeLessThanOrEqual(1);
  });

  it('says that it is broken while the cluster is away, waits longer each time, and recovers by itself', async () => {
    const away = () => new ApiError(0, unreachable, 'network');
    const { names, phases, pauses } = await run([
      list([pod('a', 1)], 10),
      away(),
      away(),
      away(),
      stream({ type: 'ADDED', object: pod('b', 11) }),
    ]);
    expect(names).toEqual(['a', 'b']);
    expect(phases).toEqual(['loading', 'broken', 'live']);
    expect(pauses.slice(0, 3)).toEqual([250, 500, 1000]);
  });

  it('takes a refusal as an answer, and a lost session as the end', async () => {
    const refused = await run([new ApiError(403, 'Forbidden', 'pods is forbidden')]);
    expect(refused.phases).toEqual(['refused']);
    expect(refused.cache.snapshot().error?.reason).toBe('Forbidden');
    const ended = await run([new ApiError(401, 'Unauthorized', 'no session'), list([], 1)]);
    expect(ended.asked).toHaveLength(1);
  });
});

describe('what is known of a collection', () => {
  it('keeps the identity of what did not change, and drops field ownership', () => {
    const cache = new WatchCache(() => 0);
    cache.beginList();
    cache.addPage([{ ...pod('a', 1), metadata: { ...pod('a', 1).metadata, managedFields: [{ manager: 'x' }] } }]);
    cache.endList();
    cache.flush();
    const [first] = cache.snapshot().objects;
    expect(first?.metadata.managedFields).toBeUndefined();
    cache.beginList();
    cache.addPage([pod('a', 1)]);
    cache.endList();
    cache.flush();
    expect(cache.snapshot().objects[0]).toBe(first);
  });

  it('marks what changed after the first list, for a moment', () => {
    let now = 0;
    const cache = new WatchCache(() => now);
    cache.beginList();
    cache.addPage([pod('a', 1)]);
    cache.endList();
    cache.apply({ type: 'ADDED', object: pod('b', 2) });
    cache.flush();
    expect([...cache.snapshot().touched.keys()]).toEqual(['shop/b']);
    now = 5000;
    cache.apply({ type: 'DELETED', object: pod('a', 3) });
    cache.flush();
    expect([...cache.snapshot().touched.keys()]).toEqual([]);
  });
});
