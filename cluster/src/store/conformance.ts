import { BerthError } from '@berth/kube/errors';
import { describe, expect, test } from 'vitest';
import { openLmdbStore } from './index.ts';
import { temporaryDirectory } from './temporary.ts';
import type { ListResult, Store, StoreEvent, StoreWatch } from './types.ts';

/** A store under test; `dispose` closes it and removes what it left. */
export interface StoreFixture extends AsyncDisposable {
  readonly store: Store;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array): string => Buffer.from(value).toString();
const put = (key: string, value: string, expected?: number) =>
  ({ type: 'put', key, value: bytes(value), ...(expected === undefined ? {} : { expected }) }) as const;
const remove = (key: string, expected?: number) =>
  ({ type: 'delete', key, ...(expected === undefined ? {} : { expected }) }) as const;

/** Reads batches until the event of that revision has come, then closes. */
async function eventsUntil(watch: StoreWatch, revision: number): Promise<StoreEvent[]> {
  const seen: StoreEvent[] = [];
  for await (const batch of watch.events) {
    seen.push(...batch);
    if ((seen.at(-1)?.revision ?? 0) >= revision) break;
  }
  return seen;
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof BerthError) return error.code;
    throw error;
  }
  return undefined;
}

const contentOf = ({ entries }: ListResult) => entries.map((entry) => ({ ...entry, value: text(entry.value) }));

/** Registers the tests that every implementation of `Store` must pass. */
export function storeConformance(name: string, open: () => Promise<StoreFixture>): void {
  describe(`${name} keeps the store's contract`, () => {
    test('a new store is at revision 1, has nothing, and counts one revision a commit', async () => {
      await using fixture = await open();
      const { store } = fixture;
      expect(store.revision).toBe(1);
      expect(store.compactedRevision).toBe(0);
      expect(store.list({ prefix: '' })).toEqual({ entries: [], revision: 1, remaining: 0 });
      expect(await store.commit([put('/a', '1'), put('/b', '2')])).toBe(2);
      expect(await store.commit([put('/a', '3')])).toBe(3);
      expect(store.revision).toBe(3);
      expect(store.get('/a')).toMatchObject({ key: '/a', revision: 3, createRevision: 2 });
      expect(store.get('/b')).toMatchObject({ revision: 2, createRevision: 2 });
      expect(store.get('/c')).toBeUndefined();
    });

    test('a value may carry its own revision, and a key that is deleted is created anew', async () => {
      await using fixture = await open();
      const { store } = fixture;
      const revision = await store.commit([{ type: 'put', key: '/a', value: (own) => bytes(`at ${own}`) }]);
      expect(text(store.get('/a')?.value ?? bytes(''))).toBe(`at ${revision}`);
      await store.commit([remove('/a')]);
      expect(store.get('/a')).toBeUndefined();
      await store.commit([put('/a', 'again')]);
      expect(store.get('/a')).toMatchObject({ revision: 4, createRevision: 4 });
    });

    test('compare-and-set counts commits that are still on their way, and a refused commit leaves nothing', async () => {
      await using fixture = await open();
      const { store } = fixture;
      const results = await Promise.allSettled([
        store.commit([put('/a', 'first', 0)]),
        store.commit([put('/a', 'second', 0)]),
        store.commit([put('/b', 'other'), put('/a', 'third', 7)]),
        store.commit([put('/a', 'fourth', 2)]),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
      const refused = results[1] as PromiseRejectedResult;
      expect(refused.reason).toMatchObject({ code: 'Conflict', details: { name: '/a' } });
      expect(store.revision).toBe(3);
      expect(store.get('/b')).toBeUndefined();
      expect(text(store.get('/a')?.value ?? bytes(''))).toBe('fourth');
      await expect(store.commit([remove('/a', 2)])).rejects.toMatchObject({ code: 'Conflict' });
      await expect(store.commit([remove('/none', 2)])).rejects.toMatchObject({ code: 'Conflict' });
      expect(await store.commit([remove('/a', 3)])).toBe(4);
    });

    test('nothing is visible before it is durable, and then in order', async () => {
      await using fixture = await open();
      const { store } = fixture;
      const order: number[] = [];
      const commits = Array.from({ length: 20 }, (_, index) =>
        store.commit([put(`/${index}`, 'x')]).then((revision) => {
          expect(store.revision).toBeGreaterThanOrEqual(revision);
          order.push(revision);
        }),
      );
      expect(store.revision).toBe(1);
      expect(store.get('/0')).toBeUndefined();
      await Promise.all(commits);
      expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
    });

    test('a commit without effect makes no revision, one that cannot be stored is refused', async () => {
      await using fixture = await open();
      const { store } = fixture;
      const before = store.commit([put('/a', '1')]);
      expect(await store.commit([remove('/none')])).toBe(2);
      expect(await before).toBe(2);
      expect(await store.commit([])).toBe(2);
      for (const key of ['', 'x'.repeat(2000), '\ud800']) {
        await expect(store.commit([put(key, 'x')])).rejects.toMatchObject({ code: 'BadRequest' });
      }
      await expect(store.commit([put('/b', '1'), put('/b', '2')])).rejects.toMatchObject({ code: 'BadRequest' });
      expect(store.revision).toBe(2);
      expect(store.get('/b')).toBeUndefined();
    });

    test('lists go by the bytes of UTF-8, in pages', async () => {
      await using fixture = await open();
      const { store } = fixture;
      const keys = ['/p/a', '/p/a-b', '/p/a/b', '/p/b', '/p/é', '/p/\uffee', '/p/😀', '/q/a', '/'];
      await store.commit(keys.map((key) => put(key, key)));
      const sorted = keys
        .filter((key) => key.startsWith('/p/'))
        .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
      expect(store.list({ prefix: '/p/' }).entries.map(({ key }) => key)).toEqual(sorted);
      const paged: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = store.list({ prefix: '/p/', limit: 2, ...(after === undefined ? {} : { after }) });
        paged.push(...page.entries.map(({ key }) => key));
        expect(page.remaining).toBe(sorted.length - paged.length);
        if (page.remaining === 0) break;
        after = paged.at(-1);
      }
      expect(paged).toEqual(sorted);
      expect(store.list({ prefix: '/p/', limit: 0 })).toMatchObject({ entries: [], remaining: 7 });
    });

    test('a list at an older revision shows that state, whatever happened since', async () => {
      await using fixture = await open();
      const { store } = fixture;
      await store.commit([put('/a', 'a2'), put('/b', 'b2')]);
      await store.commit([put('/a', 'a3'), remove('/b')]);
      await store.commit([put('/c', 'c4')]);
      await store.commit([put('/b', 'b5')]);
      const at = (revision: number) => store.list({ prefix: '/', revision }).entries.map(({ value }) => text(value));
      expect([1, 2, 3, 4, 5].map(at)).toEqual([[], ['a2', 'b2'], ['a3'], ['a3', 'c4'], ['a3', 'b5', 'c4']]);
      expect(store.list({ prefix: '/', revision: 2, limit: 1 })).toMatchObject({ remaining: 1, revision: 2 });
      expect(store.list({ prefix: '/', revision: 2, after: '/a' }).entries[0]).toMatchObject({
        key: '/b',
        revision: 2,
        createRevision: 2,
      });
    });

    test('a revision of the future is told apart from one that was compacted', async () => {
      await using fixture = await open();
      const { store } = fixture;
      for (let index = 0; index < 5; index++) await store.commit([put('/a', `${index}`), put(`/${index}`, 'x')]);
      await store.compact(4);
      expect(store.compactedRevision).toBe(3);
      expect(store.list({ prefix: '/', revision: 4 }).entries.map(({ key }) => key)).toEqual(['/0', '/1', '/2', '/a']);
      expect(codeOf(() => store.list({ prefix: '/', revision: 3 }))).toBe('Expired');
      expect(codeOf(() => store.watch({ prefix: '/', after: 3 }))).toBe('Expired');
      expect((await eventsUntil(store.watch({ prefix: '/', after: 4 }), 6)).length).toBe(4);
      for (const action of [
        () => store.list({ prefix: '/', revision: 7 }),
        () => store.watch({ prefix: '/', after: 7 }),
      ]) {
        expect(action).toThrow(
          expect.objectContaining({
            code: 'Timeout',
            details: { causes: [expect.objectContaining({ reason: 'ResourceVersionTooLarge' })] },
          }),
        );
      }
      await store.compact(2);
      expect(store.compactedRevision).toBe(3);
    });

    test('compaction keeps what is current, and a deleted key stays deleted', async () => {
      await using fixture = await open();
      const { store } = fixture;
      await store.commit([put('/old', 'kept'), put('/gone', 'x')]);
      await store.commit([remove('/gone')]);
      await store.commit([put('/new', 'y')]);
      await store.compact(store.revision);
      expect(store.list({ prefix: '/' }).entries.map(({ value }) => text(value))).toEqual(['y', 'kept']);
      await store.commit([put('/gone', 'back', 0)]);
      expect(store.get('/gone')).toMatchObject({ createRevision: 5 });
      expect(store.list({ prefix: '/', revision: 4 }).entries.map(({ key }) => key)).toEqual(['/new', '/old']);
    });

    test('a watch tells every event after its revision, once, with the value before', async () => {
      await using fixture = await open();
      const { store } = fixture;
      await store.commit([put('/w/a', '1')]);
      const fromStart = store.watch({ prefix: '/w/', after: 1 });
      const fromNow = store.watch({ prefix: '/w/', after: store.revision });
      await store.commit([put('/w/a', '2'), put('/other', 'x'), put('/w/b', '3')]);
      await store.commit([remove('/w/a')]);
      const late = store.watch({ prefix: '/w/', after: 2 });
      const shown = (events: readonly StoreEvent[]) =>
        events.map((event) => [
          event.type,
          event.key,
          event.revision,
          text(event.value),
          event.createRevision,
          event.previous === undefined ? undefined : [text(event.previous.value), event.previous.revision],
        ]);
      const later = [
        ['put', '/w/a', 3, '2', 2, ['1', 2]],
        ['put', '/w/b', 3, '3', 3, undefined],
        ['delete', '/w/a', 4, '2', 2, undefined],
      ];
      expect(shown(await eventsUntil(fromStart, 4))).toEqual([['put', '/w/a', 2, '1', 2, undefined], ...later]);
      expect(shown(await eventsUntil(fromNow, 4))).toEqual(later);
      expect(shown(await eventsUntil(late, 4))).toEqual(later);
    });

    test('history is read back by stretches, each of a bounded size', async () => {
      await using fixture = await open();
      const { store } = fixture;
      const large = 'x'.repeat(300_000);
      for (let index = 0; index < 60; index++) await store.commit([put('/h/a', large), put('/h/b', `${index}`)]);
      const seen: number[] = [];
      let steps = 0;
      for (let after = 1; after < store.revision; steps++) {
        const { events, through } = store.history({ prefix: '/h/', after });
        expect(events.at(-1)?.revision).toBe(through);
        seen.push(...events.map(({ revision }) => revision));
        after = through;
      }
      expect(steps).toBeGreaterThan(1);
      expect(seen).toEqual(Array.from({ length: 120 }, (_, index) => 2 + Math.floor(index / 2)));
      const first = store.history({ prefix: '/h/b', after: 1, bytes: 2 });
      expect(first.events.map(({ key, revision }) => [key, revision])).toEqual([
        ['/h/b', 2],
        ['/h/b', 3],
      ]);
      expect(first.through).toBe(3);
      expect(store.history({ prefix: '/', after: store.revision })).toEqual({ events: [], through: store.revision });
      await store.compact(10);
      expect(codeOf(() => store.history({ prefix: '/', after: 9 }))).toBe('Expired');
    });

    test('a batch holds each commit whole', async () => {
      await using fixture = await open();
      const { store } = fixture;
      const watch = store.watch({ prefix: '/', after: 1 });
      const commits = Array.from({ length: 50 }, (_, index) =>
        store.commit([put('/x', `${index}`), put('/y', `${index}`), put('/z', `${index}`)]),
      );
      let last = 1;
      for await (const batch of watch.events) {
        expect(batch.length % 3).toBe(0);
        batch.forEach((event, index) => {
          expect(event.key).toBe(['/x', '/y', '/z'][index % 3]);
          expect(event.revision).toBe(last + 1 + Math.floor(index / 3));
        });
        last = batch.at(-1)?.revision ?? last;
        if (last === 51) break;
      }
      await Promise.all(commits);
    });

    test('a watcher that does not read is bounded, catches up from history, and is told when that is gone', async () => {
      await using fixture = await open();
      const { store } = fixture;
      const slow = store.watch({ prefix: '/', after: 1 });
      const overtaken = store.watch({ prefix: '/', after: 1 });
      const total = 24;
      const size = 500;
      for (let round = 0; round < total; round++) {
        await store.commit(Array.from({ length: size }, (_, index) => put(`/${index}`, `${round}`)));
      }
      const events = await eventsUntil(slow, total + 1);
      expect(events.length).toBe(total * size);
      expect(events.every((event, index) => event.revision === 2 + Math.floor(index / size))).toBe(true);
      expect(text(events.at(-1)?.previous?.value ?? bytes(''))).toBe(`${total - 2}`);
      await store.compact(store.revision);
      const iterator = overtaken.events[Symbol.asyncIterator]();
      await expect(iterator.next()).rejects.toMatchObject({ code: 'Expired' });
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    });

    test('a closed watch ends, also for who is waiting on it', async () => {
      await using fixture = await open();
      const { store } = fixture;
      const watch = store.watch({ prefix: '/', after: 1 });
      const next = watch.events[Symbol.asyncIterator]().next();
      watch.close();
      expect(await next).toEqual({ done: true, value: undefined });
      await store.commit([put('/a', '1')]);
    });

    test('a snapshot is the store at one revision, past included', async () => {
      await using fixture = await open();
      await using directory = await temporaryDirectory();
      const { store } = fixture;
      for (let index = 0; index < 9; index++) await store.commit([put('/a', `${index}`), put(`/${index}`, 'x')]);
      await store.commit([remove('/a'), remove('/8')]);
      await store.compact(5);
      const revision = store.revision;
      const writing = store.commit([put('/late', 'x')]);
      await store.snapshot(directory.path);
      await writing;
      const copy = await openLmdbStore({ directory: directory.path });
      try {
        expect(copy.compactedRevision).toBe(4);
        expect([revision, revision + 1]).toContain(copy.revision);
        for (let at = 5; at <= revision; at++) {
          expect(contentOf(copy.list({ prefix: '/', revision: at }))).toEqual(
            contentOf(store.list({ prefix: '/', revision: at })),
          );
        }
        const events = await eventsUntil(copy.watch({ prefix: '/', after: 5 }), revision);
        expect(events.filter((event) => event.revision <= revision).length).toBe(12);
      } finally {
        await copy.close();
      }
    });

    test('a snapshot that is taken while others write is what was there at one of their revisions', async () => {
      await using fixture = await open();
      await using directory = await temporaryDirectory();
      const { store } = fixture;
      await store.commit([put('/a', '0'), put('/b', '0')]);
      const begun = store.revision;
      let isTaken = false;
      const taken = store.snapshot(directory.path).finally(() => {
        isTaken = true;
      });
      // Both keys always have one value; pages that a change frees are wanted by the next ones.
      for (let round = 1; !isTaken; round++) {
        const value = `${round} ${'x'.repeat(round % 9000)}`;
        await store.commit([put('/a', value), put('/b', value)]);
        if (round % 50 === 0) await store.compact(store.revision);
      }
      await taken;
      const copy = await openLmdbStore({ directory: directory.path });
      try {
        expect(copy.revision).toBeGreaterThanOrEqual(begun);
        const [a, b] = [copy.get('/a'), copy.get('/b')];
        expect(a?.value).toEqual(b?.value);
        expect([a?.revision, b?.revision]).toEqual([copy.revision, copy.revision]);
      } finally {
        await copy.close();
      }
    });

    test('closing waits for commits on their way, and ends watches', async () => {
      await using fixture = await open();
      const { store } = fixture;
      const next = store.watch({ prefix: '/', after: 1 }).events[Symbol.asyncIterator]().next();
      const commit = store.commit([put('/a', '1')]);
      await store.close();
      expect(await commit).toBe(2);
      await next;
      await expect(store.commit([put('/a', '2')])).rejects.toMatchObject({ code: 'ServiceUnavailable' });
      expect(codeOf(() => store.get('/a'))).toBe('ServiceUnavailable');
    });
  });
}
