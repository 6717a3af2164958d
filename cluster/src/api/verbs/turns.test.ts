import { setImmediate } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { encodeObject } from '../storage/stored-object.ts';
import { type Turn, Turns } from './turns.ts';

const key = '/registry/configmaps/default/a';
const longer = 60_000;
const version = (revision: number) =>
  encodeObject(key, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }, revision);

function fakeClock() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  return {
    advance: (milliseconds: number) => void vi.advanceTimersByTime(milliseconds),
    [Symbol.dispose]: () => void vi.useRealTimers(),
  };
}

/** Whether whoever asks now has to wait; it asks no more. */
async function isTaken(turns: Turns): Promise<boolean> {
  const leaving = new AbortController();
  const entered = turns.enter(key, { signal: leaving.signal }).then(
    (turn) => turn.leave(),
    () => 'waited',
  );
  await setImmediate();
  leaving.abort();
  return (await entered) === 'waited';
}

test('turns come in the order of asking, and one who has gone is passed over', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const first = await turns.enter(key);
  const leaving = new AbortController();
  const queued = ['second', 'third'].map(async (name) => {
    const turn = await turns.enter(key);
    order.push(name);
    turn.leave();
  });
  const gone = turns.enter(key, { signal: leaving.signal });
  leaving.abort(new Error('gone'));
  await expect(gone).rejects.toThrow('gone');
  await turns.enter('another');
  expect(order).toEqual([]);
  first.leave();
  await Promise.all(queued);
  expect(order).toEqual(['second', 'third']);
});

test('the turn of one who does not come to an end is over for whoever waits', async () => {
  using clock = fakeClock();
  const turns = new Turns({ patienceMs: 100 });
  const stuck = await turns.enter(key);
  clock.advance(200);
  expect(stuck.isOver).toBe(false);
  const waiting = turns.enter(key);
  clock.advance(0);
  const next = await waiting;
  expect(stuck.isOver).toBe(true);
  stuck.leave();
  expect(next.isOver).toBe(false);
  next.leave();
  await turns.enter(key);
});

test('it is not over for one who has waited and gone', async () => {
  using clock = fakeClock();
  const turns = new Turns({ patienceMs: 100 });
  const slow = await turns.enter(key);
  expect(await isTaken(turns)).toBe(true);
  clock.advance(200);
  expect(slow.isOver).toBe(false);
  const waiting = turns.enter(key);
  clock.advance(0);
  await waiting;
  expect(slow.isOver).toBe(true);
});

test('nobody waits for longer than a request takes', async () => {
  using clock = fakeClock();
  const turns = new Turns({ patienceMs: longer });
  const first = await turns.enter(key);
  const late = turns.enter(key, { deadline: performance.now() + 100 });
  const next = turns.enter(key, { deadline: performance.now() + longer });
  clock.advance(100);
  await expect(late).rejects.toMatchObject({ code: 'Timeout' });
  first.leave();
  (await next).leave();
});

test('what was passed on is what the next builds on until it is known what became of it', async () => {
  const turns = new Turns({ patienceMs: longer });
  const [good, bad] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  (await turns.enter(key)).pass(version(2), good.promise);
  const second = await turns.enter(key);
  expect(second.pending?.object.revision).toBe(2);
  second.pass(version(3), bad.promise);
  const third = await turns.enter(key);
  good.resolve();
  expect(await second.pending?.isKept).toBe(true);
  expect([second.pending?.isLost, third.pending?.isLost]).toEqual([false, false]);
  bad.reject(new Error('the disk is full'));
  expect(await third.pending?.isKept).toBe(false);
  expect([third.pending?.object.revision, third.pending?.isLost]).toEqual([3, true]);
  third.leave();
  expect((await turns.enter(key)).pending).toBeUndefined();
});

test('what one passes on whose turn was over is built on, too', async () => {
  const turns = new Turns({ patienceMs: 1 });
  const slow = await turns.enter(key);
  const next = await turns.enter(key);
  expect(slow.isOver).toBe(true);
  slow.pass(version(2), new Promise(() => {}));
  next.leave();
  expect((await turns.enter(key)).pending?.object.revision).toBe(2);
});

test('what becomes of a write disturbs nobody who queues anew', async () => {
  const turns = new Turns({ patienceMs: longer });
  const [early, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let turn: Turn = await turns.enter(key);
  turn.pass(version(2), late.promise);
  turn = await turns.enter(key);
  turn.pass(version(3), early.promise);
  // Nothing is to be remembered any more.
  early.resolve();
  await setImmediate();
  await turns.enter(key);
  late.resolve();
  await setImmediate();
  expect(await isTaken(turns)).toBe(true);
});
