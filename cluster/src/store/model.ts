import { BerthError } from '@berth/kube/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoreFixture } from './conformance.ts';
import type { Change, Revision, Store, StoreEvent, StoreWatch } from './types.ts';

/*
 * The store against the simplest thing that could keep its contract: an array with the whole state at every revision.
 */

type State = ReadonlyMap<string, { value: string; revision: Revision; createRevision: Revision }>;

class Model {
  readonly states: State[] = [new Map(), new Map()];
  readonly events: Array<{
    type: string;
    key: string;
    revision: Revision;
    value: string;
    previous: string | undefined;
  }> = [];
  compacted = 0;

  get revision(): Revision {
    return this.states.length - 1;
  }

  at(revision: Revision): State {
    return this.states[revision] as State;
  }

  /** Whether the commit succeeds; takes it in if so. */
  commit(changes: readonly Change[]): boolean {
    const before = this.at(this.revision);
    const holds = changes.every(
      ({ key, expected }) => expected === undefined || expected === (before.get(key)?.revision ?? 0),
    );
    const revision = this.revision + 1;
    if (!holds) return false;
    const state = new Map(before);
    const { length } = this.events;
    for (const change of changes) {
      const { type, key } = change;
      const old = before.get(key);
      if (type === 'delete' && old === undefined) continue;
      const value = type === 'put' ? `${key} ${revision}` : (old?.value ?? '');
      this.events.push({ type, key, revision, value, previous: type === 'put' ? old?.value : undefined });
      if (type === 'delete') state.delete(key);
      else state.set(key, { value, revision, createRevision: old?.createRevision ?? revision });
    }
    if (this.events.length > length) this.states.push(state);
    return true;
  }
}

const keys = ['/a/1', '/a/2', '/a/3', '/b/1', '/b/2'];
const prefixes = ['', '/a/', '/b/', '/a/2'];

const changes = fc.uniqueArray(
  fc.record({
    type: fc.constantFrom('put', 'put', 'delete'),
    key: fc.constantFrom(...keys),
    expected: fc.constantFrom('none', 'none', 'current', 'absent', 'stale'),
  }),
  { minLength: 1, maxLength: 3, selector: ({ key }) => key },
);

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('commit' as const), changes, wait: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      back: fc.nat(12),
      prefix: fc.constantFrom(...prefixes),
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('watch' as const), back: fc.nat(8), prefix: fc.constantFrom(...prefixes) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('history' as const),
      back: fc.nat(12),
      prefix: fc.constantFrom(...prefixes),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), watch: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), back: fc.nat(12) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Watched {
  prefix: string;
  after: Revision;
  watch: StoreWatch;
  iterator: AsyncIterator<readonly StoreEvent[]>;
  seen: StoreEvent[];
  /** Compaction came past its beginning before it was read: it has ended with `Expired`. */
  expired: boolean;
}

class Run {
  readonly #store: Store;
  readonly #model = new Model();
  readonly #watches: Watched[] = [];
  #pending: Promise<void>[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case 'commit':
        return this.#commit(next.changes, next.wait);
      case 'list':
        return this.#list(Math.max(1, this.#store.revision - next.back), next.prefix, next.limit);
      case 'watch':
        return this.#open(Math.max(1, this.#store.revision - next.back), next.prefix);
      case 'history':
        return this.#history(Math.max(1, this.#store.revision - next.back), next.prefix);
      case 'read':
        return this.#read(this.#watches[next.watch]);
      case 'compact': {
        const revision = Math.max(1, this.#store.revision - next.back);
        await this.#store.compact(revision);
        this.#model.compacted = Math.max(this.#model.compacted, revision - 1);
        expect(this.#store.compactedRevision).toBe(this.#model.compacted);
      }
    }
  }

  async finish(): Promise<void> {
    await Promise.all(this.#pending);
    expect(this.#store.revision).toBe(this.#model.revision);
    this.#list(this.#store.revision, '', 10);
    for (const watched of this.#watches) {
      while (!watched.expired && watched.seen.length < this.#expected(watched).length) await this.#read(watched);
      this.#checkSeen(watched);
      watched.watch.close();
    }
  }

  async #commit(shapes: Extract<Step, { do: 'commit' }>['changes'], wait: boolean): Promise<void> {
    const current = this.#model.at(this.#model.revision);
    const list = shapes.map(({ type, key, expected }): Change => {
      const revision = current.get(key)?.revision ?? 0;
      const wanted = { current: revision, absent: 0, stale: Math.max(0, revision - 1) };
      const condition = expected === 'none' ? {} : { expected: wanted[expected as keyof typeof wanted] };
      const value = (own: Revision) => Buffer.from(`${key} ${own}`);
      return type === 'put' ? { type, key, value, ...condition } : { type: 'delete', key, ...condition };
    });
    const succeeds = this.#model.commit(list);
    const outcome = this.#model.revision;
    const settled = this.#store.commit(list).then(
      (revision) => expect([succeeds, revision]).toEqual([true, outcome]),
      (error: unknown) => {
        if (succeeds || !(error instanceof BerthError) || error.code !== 'Conflict') throw error;
      },
    );
    this.#pending.push(settled);
    if (wait) await settled;
  }

  #list(revision: Revision, prefix: string, limit: number): void {
    const list = (after?: string) =>
      this.#store.list({ prefix, revision, limit, ...(after === undefined ? {} : { after }) });
    if (this.#isGone(revision)) {
      expect(list).toThrow(expect.objectContaining({ code: 'Expired' }));
      return;
    }
    const wanted = [...this.#model.at(revision)]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const page = list();
    expect(page.revision).toBe(revision);
    const all = page.remaining > 0 ? [...page.entries, ...list(page.entries.at(-1)?.key).entries] : page.entries;
    const shown = wanted.slice(0, all.length).map(([key, entry]) => ({ key, ...entry }));
    expect(all.map((entry) => ({ ...entry, value: Buffer.from(entry.value).toString() }))).toEqual(shown);
    expect(page.remaining).toBe(wanted.length - page.entries.length);
  }

  #history(after: Revision, prefix: string): void {
    if (this.#isGone(after)) {
      expect(() => this.#store.history({ prefix, after })).toThrow(expect.objectContaining({ code: 'Expired' }));
      return;
    }
    // What the model has decided and the store has not made durable yet is not there to be read.
    const durable = this.#store.revision;
    const seen: StoreEvent[] = [];
    let through = after;
    while (through < durable) {
      const stretch = this.#store.history({ prefix, after: through });
      expect(stretch.through).toBeGreaterThan(through);
      seen.push(...stretch.events);
      through = stretch.through;
    }
    expect(through).toBe(durable);
    const shown = seen.map(({ type, key, revision }) => ({ type, key, revision }));
    expect(shown).toMatchObject(
      this.#expected({ prefix, after })
        .filter(({ revision }) => revision <= durable)
        .map(({ type, key, revision }) => ({ type, key, revision })),
    );
  }

  #open(after: Revision, prefix: string): void {
    if (this.#isGone(after)) {
      expect(() => this.#store.watch({ prefix, after })).toThrow(expect.objectContaining({ code: 'Expired' }));
      return;
    }
    const watch = this.#store.watch({ prefix, after });
    this.#watches.push({
      prefix,
      after,
      watch,
      iterator: watch.events[Symbol.asyncIterator](),
      seen: [],
      expired: false,
    });
  }

  async #read(watched: Watched | undefined): Promise<void> {
    // Only when something is or will be there: a watch waits for as long as nothing happens.
    if (watched === undefined || watched.expired || watched.seen.length >= this.#expected(watched).length) return;
    let next: IteratorResult<readonly StoreEvent[]>;
    try {
      next = await watched.iterator.next();
    } catch (error) {
      expect(error).toMatchObject({ code: 'Expired' });
      expect(this.#model.compacted).toBeGreaterThan(watched.after);
      watched.expired = true;
      return;
    }
    watched.seen.push(...(next.value ?? []));
    this.#checkSeen(watched);
  }

  #checkSeen({ prefix, after, seen }: Watched): void {
    const shown = seen.map(({ type, key, revision, value, previous }) => ({
      type,
      key,
      revision,
      value: Buffer.from(value).toString(),
      previous: previous === undefined ? undefined : Buffer.from(previous.value).toString(),
    }));
    const expected = this.#expected({ prefix, after });
    expect(shown).toEqual(expected.slice(0, shown.length));
    // A commit is never cut in two.
    expect(expected[shown.length]?.revision).not.toBe(shown.at(-1)?.revision ?? 0);
  }

  #expected({ prefix, after }: { prefix: string; after: Revision }): Model['events'] {
    return this.#model.events.filter(({ key, revision }) => revision > after && key.startsWith(prefix));
  }

  #isGone(revision: Revision): boolean {
    return this.#model.compacted > 0 && revision <= this.#model.compacted;
  }
}

/** Registers a test that lets a store and the model take the same random steps, and compares what they show. */
export function storeModelTest(name: string, open: () => Promise<StoreFixture>, numRuns: number): void {
  test(`${name} equals a simple model, whatever is done in whatever order`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        await using fixture = await open();
        const run = new Run(fixture.store);
        for (const next of steps) await run.take(next);
        await run.finish();
      }),
      { numRuns },
    );
  }, 60_000);
}
