import type { KubeObject } from '@berth/kube/objects';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Change, memoryStore, type Store } from '../../store/index.ts';
import { builtInKinds } from '../conversion/built-in.ts';
import { KindRegistry, type ServedKind } from '../kinds.ts';
import { ObjectStorage } from '../storage/object-storage.ts';
import { Selection } from '../storage/selection.ts';
import { encode } from '../storage/stored-object.ts';
import { Chronicle, type Question, type SeenEvent, sightOf } from './chronicle.ts';
import { type RunningWatch, WatchSource } from './source.ts';

/*
 * Watchers whose sinks take now and then nothing at all, over a memory of very few events, against what a watch is by
 * definition. All that is random comes from fast-check, which prints the seed of a run that fails.
 */

const prefix = '/registry/core/configmaps/';
/** Of another resource, whose events push those of this one out. */
const noise = '/registry/core/secrets/one/noise';
const keys = [...['one/a', 'one/b', 'one/c', 'two/a', 'two/b'].map((name) => prefix + name), noise];
const selectors = [undefined, 'tier=front', 'tier!=front', 'tier', '!tier'] as const;
const chosen: Record<string, (tier: string | undefined) => boolean> = {
  undefined: () => true,
  'tier=front': (tier) => tier === 'front',
  'tier!=front': (tier) => tier !== 'front',
  tier: (tier) => tier !== undefined,
  '!tier': (tier) => tier === undefined,
};
const recentEvents = 6;

const change = fc.record({
  key: fc.constantFrom(...keys),
  tier: fc.constantFrom('front', 'front', 'back', undefined),
  remove: fc.boolean(),
});
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      changes: fc.uniqueArray(change, { minLength: 1, maxLength: 4, selector: ({ key }) => key }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      start: fc.constantFrom('state', 'watchList', 'version', 'version', 'version'),
      back: fc.nat(15),
      within: fc.constantFrom('', 'one/'),
      selector: fc.constantFrom(...selectors),
      takes: fc.integer({ min: 0, max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), watcher: fc.nat(5), count: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), back: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bookmark' as const), watcher: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Observer {
  readonly question: Question;
  readonly #kind: ServedKind;
  /** Of the state that the initial events show, or of where the watch began. */
  from: number;
  readonly initial: SeenEvent[] = [];
  readonly seen: SeenEvent[] = [];
  inInitial: boolean;
  ended: { error: unknown } | undefined;
  /** How many more events it takes. */
  #takes: number;
  readonly #running: RunningWatch;
  readonly #chronicle: Chronicle;

  constructor(
    { storage, kind, chronicle }: { storage: ObjectStorage; kind: ServedKind; chronicle: Chronicle },
    { start, back, within, selector, takes }: Extract<Step, { do: 'open' }>,
  ) {
    this.#kind = kind;
    this.#chronicle = chronicle;
    this.question = {
      prefix: prefix + within,
      selects: ({ metadata }) => (chosen[String(selector)] as (typeof chosen)[string])(metadata.labels?.tier),
    };
    const initial = start !== 'version';
    const after = initial ? storage.revision : Math.max(1, storage.revision - back);
    this.from = after;
    this.inInitial = initial;
    this.#takes = takes;
    const initialCount = chronicle.state(this.question, after).length;
    const source = new WatchSource(storage, {
      kind,
      prefix: prefix + within,
      selection: new Selection(kind, selector, undefined),
      after,
      initial,
      markInitialEnd: start === 'watchList',
      bookmarks: true,
      timeoutMs: 60_000,
    });
    if (initialCount === 0 && start === 'state') this.inInitial = false;
    this.#running = source.start({
      ready: () => this.#takes > 0,
      event: (type, object) => {
        this.#takes--;
        const event = { type, ...sightOf(object.key, object.object) };
        expect(object.revision).toBe(event.version);
        if (this.inInitial) {
          this.initial.push(event);
          if (start === 'state' && this.initial.length === initialCount) this.inInitial = false;
        } else this.seen.push(event);
      },
      bookmark: (revision, initialEventsEnd) => {
        this.#takes--;
        if (initialEventsEnd) {
          expect([this.inInitial, revision]).toEqual([true, this.from]);
          this.inInitial = false;
        } else this.#checkBookmark(revision);
      },
      end: (error) => {
        this.ended = { error };
      },
    });
  }

  take(count: number): void {
    this.#takes += count;
    this.#running.resume();
  }

  stop(): void {
    this.#running.stop();
  }

  /** What was seen so far is the beginning of what there is to see. */
  check(): void {
    const state = this.#chronicle.state(this.question, this.from);
    expect(this.initial).toEqual(
      this.initial.length === 0
        ? []
        : state.slice(0, this.initial.length).map((sight) => ({ type: 'ADDED', ...sight })),
    );
    const events = this.#chronicle.events(this.question, this.from);
    expect(this.seen).toEqual(events.slice(0, this.seen.length));
  }

  /** By now it has seen all, unless it was cut off. */
  checkWhole(): void {
    this.check();
    if (this.ended) {
      expect(this.ended.error).toMatchObject({ code: 'Expired' });
      return;
    }
    expect(this.seen.length).toBe(this.#chronicle.events(this.question, this.from).length);
    expect(this.#kind.prefix).toBe(prefix);
  }

  #checkBookmark(revision: number): void {
    expect(this.inInitial).toBe(false);
    const due = this.#chronicle.events(this.question, this.from).filter(({ version }) => version <= revision);
    expect(this.seen).toEqual(due);
  }
}

class Run {
  readonly #store: Store = memoryStore();
  readonly #storage: ObjectStorage;
  readonly #chronicle: Chronicle;
  readonly #observers: Observer[] = [];
  readonly #kind = new KindRegistry(builtInKinds()).get('', 'v1', 'configmaps') as ServedKind;
  #failed: unknown;

  constructor() {
    const history = this.#store.history.bind(this.#store);
    // A few revisions a stretch, so that the past takes several.
    this.#store.history = (query) => {
      const { events, through } = history(query);
      const end = Math.min(through, query.after + 3);
      return { events: events.filter(({ revision }) => revision <= end), through: end };
    };
    const watchLimits = { recentEvents, bookmarkEveryMs: 1 };
    this.#chronicle = new Chronicle(this.#store, prefix);
    this.#storage = new ObjectStorage(this.#store, watchLimits);
    this.#storage.follow((error) => {
      this.#failed = error;
    });
  }

  async take(next: Step): Promise<void> {
    if (next.do === 'commit') void this.#storage.commit(next.changes.map(changeOf));
    else if (next.do === 'open') {
      const parts = { storage: this.#storage, kind: this.#kind, chronicle: this.#chronicle };
      // What the store has decided and not shown yet would be missing in the chronicle.
      await this.#storage.caughtUp();
      this.#observers.push(new Observer(parts, next));
    } else if (next.do === 'take') this.#observers[next.watcher]?.take(next.count);
    else if (next.do === 'compact') await this.#store.compact(Math.max(1, this.#storage.revision - next.back));
    else await new Promise((resolve) => setTimeout(resolve, next.do === 'bookmark' ? 2 : 0));
    for (const observer of this.#observers) observer.check();
  }

  async finish(): Promise<void> {
    await this.#storage.commit([{ type: 'put', key: '/registry/core/nodes/last', value: Buffer.from('{}') }]);
    for (const observer of this.#observers) observer.take(1000);
    // Those in the past take several turns to come to the present.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    for (const observer of this.#observers) observer.checkWhole();
    for (const observer of this.#observers) observer.stop();
    this.#chronicle.close();
    await this.#storage.close();
    await this.#store.close();
    expect(this.#failed).toBeUndefined();
  }
}

function changeOf({ key, tier, remove }: { key: string; tier: string | undefined; remove: boolean }): Change {
  if (remove) return { type: 'delete', key };
  const [namespace = '', name = ''] = key.slice(prefix.length).split('/');
  const labels = tier === undefined ? {} : { labels: { tier } };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...labels } } as KubeObject;
  return { type: 'put', key, value: (revision) => encode(object, revision) };
}

test('a watcher sees exactly the history, at whatever pace and from wherever, or is told that it is gone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, minLength: 10 }), async (steps) => {
      const run = new Run();
      for (const next of steps) await run.take(next);
      await run.finish();
    }),
    { numRuns: 150 },
  );
}, 60_000);
