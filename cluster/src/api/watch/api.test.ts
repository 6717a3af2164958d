import { type KubeClient, remoteClient, type WatchOptions } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type ConfigMap, type KubeObject, resources } from '@berth/kube/objects';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';
import { Chronicle, type Question, type SeenEvent, type Sight, sightOf } from './chronicle.ts';

/*
 * The whole way: writers of every verb, and readers in the process and over HTTPS, against the store's own account of
 * what happened. The server keeps so few events in memory that most watches begin in the store's history. All that is
 * random comes from fast-check, which prints the seed of a run that fails.
 */

const prefix = '/registry/core/configmaps/';
const namespaces = ['one', 'two'];
const selectors: Record<string, (object: KubeObject) => boolean> = {
  '': () => true,
  'tier=front': ({ metadata }) => metadata.labels?.tier === 'front',
  'tier notin (front)': ({ metadata }) => metadata.labels?.tier !== 'front',
  '!tier': ({ metadata }) => metadata.labels?.tier === undefined,
};
const fields: Record<string, (object: KubeObject) => boolean> = {
  '': () => true,
  'metadata.name=a': ({ metadata }) => metadata.name === 'a',
  'metadata.namespace!=two': ({ metadata }) => metadata.namespace !== 'two',
};

const key = fc.record({ namespace: fc.constantFrom(...namespaces), name: fc.constantFrom('a', 'b', 'c') });
const tier = fc.constantFrom('front', 'back', null);
const asked = fc.record({
  namespace: fc.constantFrom(undefined, ...namespaces),
  labelSelector: fc.constantFrom(...Object.keys(selectors)),
  fieldSelector: fc.constantFrom(...Object.keys(fields)),
});
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;
const remotely = fc.boolean();
const write = fc.oneof(
  fc.record({ do: fc.constant('create' as const), key, tier }),
  fc.record({ do: fc.constant('label' as const), key, tier }),
  fc.record({ do: fc.constant('update' as const), key, tier, value: fc.nat(3) }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({ do: fc.constant('deletecollection' as const), asked }),
);
const step = fc.oneof(
  { weight: 10, arbitrary: write },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('watch' as const),
      asked,
      remotely,
      start: fc.constantFrom('version', 'version', 'zero', 'unset', 'watchList'),
      back: fc.nat(20),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('listAndWatch' as const), asked, remotely, limit: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), back: fc.nat(8) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let server: TestApi;
let remote: ReturnType<typeof remoteClient>;
let local: KubeClient;

beforeAll(async () => {
  server = await startTestApi({ watches: { recentEvents: 16, bookmarkEveryMs: 5 } });
  const { authority, admin } = server.certificates;
  remote = remoteClient({ server: server.url, ca: authority.cert, cert: admin.cert, key: admin.key });
  local = server.api.client({ name: 'root', groups: ['system:masters'] });
  for (const name of namespaces) {
    await local.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
});
afterAll(async () => {
  await remote.close();
  await server[Symbol.asyncDispose]();
});

function questionOf({ namespace, labelSelector, fieldSelector }: Asked): Question {
  return {
    prefix: namespace === undefined ? prefix : `${prefix}${namespace}/`,
    selects: (object) => selectors[labelSelector]?.(object) === true && fields[fieldSelector]?.(object) === true,
  };
}

function optionsOf({ namespace, labelSelector, fieldSelector }: Asked) {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === '' ? {} : { labelSelector }),
    ...(fieldSelector === '' ? {} : { fieldSelector }),
  };
}

const sight = (object: KubeObject): Sight =>
  sightOf(`${prefix}${object.metadata.namespace}/${object.metadata.name}`, object);

/** What one watch was told, until it is stopped. */
class Observer {
  readonly #question: Question;
  readonly #chronicle: Chronicle;
  readonly #stop = new AbortController();
  readonly #seen: SeenEvent[] = [];
  /** Where it began, as far as that is known: a version, or one between two. */
  readonly #from: { first: number; last: number };
  /** Whether the state there comes first. */
  readonly #hasInitial: boolean;
  #initialEnd: number | undefined;
  #bookmark = 0;
  #isExpired = false;
  readonly #ended: Promise<void>;
  readonly #asksFor: WatchOptions;

  constructor(client: KubeClient, chronicle: Chronicle, { asked: what, start, version }: ObserverStart) {
    this.#question = questionOf(what);
    this.#chronicle = chronicle;
    this.#hasInitial = start !== 'version';
    this.#from = { first: version, last: start === 'version' ? version : Number.POSITIVE_INFINITY };
    this.#asksFor = {
      ...optionsOf(what),
      allowWatchBookmarks: true,
      ...(start === 'version' ? { resourceVersion: String(version) } : {}),
      ...(start === 'zero' ? { resourceVersion: '0' } : {}),
      ...(start === 'watchList' ? { sendInitialEvents: true } : {}),
      signal: this.#stop.signal,
    };
    this.#ended = this.#follow(client);
  }

  async #follow(client: KubeClient): Promise<void> {
    try {
      for await (const { type, object } of client.watch(resources.configMaps, this.#asksFor)) {
        if (type !== 'BOOKMARK') this.#seen.push({ type, ...sight(object) });
        else if (object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true') {
          expect(this.#initialEnd).toBeUndefined();
          this.#initialEnd = Number(object.metadata.resourceVersion);
        } else this.#checkBookmark(Number(object.metadata.resourceVersion));
      }
    } catch (error) {
      if (!isBerthError(error, 'Expired')) throw error;
      this.#isExpired = true;
    }
  }

  /** Waits until a bookmark says that everything up to the revision was told, and checks what that was. */
  async finish(revision: number): Promise<void> {
    const isThere = () => this.#bookmark >= revision || this.#isExpired;
    const failed = this.#ended.then(() => {
      if (!isThere()) throw new Error('a watch ended before its time');
    });
    const reached = expect.poll(isThere, { timeout: 10_000, interval: 5 }).toBe(true);
    await Promise.race([reached, failed.then(() => reached)]);
    this.#stop.abort();
    await this.#ended;
    if (this.#isExpired) {
      expect(this.#from.first).toBeLessThanOrEqual(server.store.compactedRevision);
      expect(this.#seen).toEqual([]);
      return;
    }
    expect(this.#possible().some((whole) => isEqual(whole, this.#seen))).toBe(true);
  }

  #checkBookmark(revision: number): void {
    expect(revision).toBeGreaterThanOrEqual(this.#bookmark);
    this.#bookmark = revision;
    // All that was due by then has come.
    const due = this.#possible().map((whole) => whole.filter(({ version }) => version <= revision));
    const seen = this.#seen.filter(({ version }) => version <= revision);
    expect(seen.length).toBe(this.#seen.length);
    expect(due.some((whole) => isEqual(whole, seen))).toBe(true);
  }

  /** What a watch from where this one began may see. */
  #possible(): SeenEvent[][] {
    const chronicle = this.#chronicle;
    const { first, last } = this.#from;
    const possible: SeenEvent[][] = [];
    for (let at = this.#initialEnd ?? first; at <= Math.min(last, this.#initialEnd ?? chronicle.revision); at++) {
      const initial = this.#hasInitial ? chronicle.state(this.#question, at) : [];
      const added = initial.map((one): SeenEvent => ({ type: 'ADDED', ...one }));
      possible.push([...added, ...chronicle.events(this.#question, at)]);
    }
    // Nothing happened since.
    if (possible.length === 0) {
      const initial = this.#hasInitial ? chronicle.state(this.#question, first) : [];
      possible.push(initial.map((one): SeenEvent => ({ type: 'ADDED', ...one })));
    }
    return possible;
  }
}

interface ObserverStart {
  asked: Asked;
  start: 'version' | 'zero' | 'unset' | 'watchList';
  version: number;
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

class Run {
  readonly #chronicle = new Chronicle(server.store, prefix);
  readonly #observers: Observer[] = [];
  #writes: Promise<unknown>[] = [];

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case 'watch': {
        const { revision, compactedRevision } = server.store;
        // Before this run the chronicle knows nothing of what was deleted.
        const version = next.start === 'version' ? Math.max(revision - next.back, this.#began) : revision;
        if (version <= compactedRevision && next.start !== 'version') return;
        this.#observe({ asked: next.asked, start: next.start as ObserverStart['start'], version }, next.remotely);
        return;
      }
      case 'listAndWatch':
        return await this.#listAndWatch(next);
      case 'compact':
        return await server.store.compact(Math.max(1, server.store.revision - next.back));
      case 'settle':
        return await this.#settle();
      default:
        this.#writes.push(writing(next).catch(ignoreRefusals));
    }
  }

  readonly #began = server.store.revision;

  async finish(): Promise<void> {
    await this.#settle();
    const { revision } = server.store;
    await Promise.all(this.#observers.map((observer) => observer.finish(revision)));
    this.#chronicle.close();
  }

  #observe(start: ObserverStart, isRemote: boolean): void {
    this.#observers.push(new Observer(isRemote ? remote : local, this.#chronicle, start));
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#writes);
    this.#writes = [];
  }

  /** Pages are one state, whatever is written between them, and a watch from there goes on without a gap. */
  async #listAndWatch({ asked: what, remotely: isRemote, limit }: Extract<Step, { do: 'listAndWatch' }>) {
    const client = isRemote ? remote : local;
    const items: Sight[] = [];
    let version: string | undefined;
    let token: string | undefined;
    do {
      const page = { ...(limit > 0 ? { limit } : {}), ...(token === undefined ? {} : { continue: token }) };
      const list = await client.list(resources.configMaps, { ...optionsOf(what), ...page });
      items.push(...list.items.map(sight));
      version ??= list.metadata.resourceVersion ?? '';
      expect(list.metadata.resourceVersion).toBe(version);
      token = list.metadata.continue;
    } while (token);
    await expect.poll(() => server.store.revision >= Number(version)).toBe(true);
    expect(items).toEqual(this.#chronicle.state(questionOf(what), Number(version)));
    this.#observe({ asked: what, start: 'version', version: Number(version) }, isRemote);
  }
}

async function writing(next: typeof write extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const configMap = (labelled: string | null, data = {}): ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...('key' in next ? next.key : { name: '' }), ...(labelled ? { labels: { tier: labelled } } : {}) },
    data,
  });
  switch (next.do) {
    case 'create':
      await local.create(resources.configMaps, configMap(next.tier));
      return;
    case 'label': {
      const body = { metadata: { labels: { tier: next.tier } } };
      await local.patch(resources.configMaps, next.key, { type: 'merge', body });
      return;
    }
    case 'update':
      await remote.update(resources.configMaps, configMap(next.tier, { value: String(next.value) }));
      return;
    case 'delete':
      await local.delete(resources.configMaps, next.key);
      return;
    case 'deletecollection':
      await local.deleteCollection(resources.configMaps, {
        ...optionsOf(next.asked),
        namespace: next.asked.namespace ?? 'one',
      });
  }
}

function ignoreRefusals(error: unknown): void {
  if (!isBerthError(error, 'NotFound') && !isBerthError(error, 'AlreadyExists') && !isBerthError(error, 'Conflict')) {
    throw error;
  }
}

test('whatever is written and wherever a client begins, it sees the history: all of it, in order, and once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const run = new Run();
      for (const next of steps) await run.take(next);
      await run.finish();
    }),
    { numRuns: 20, endOnFailure: true },
  );
}, 60_000);
