import { setTimeout } from 'node:timers/promises';
import { BerthError, isBerthError } from '@berth/kube/errors';
import type { Change, Revision } from '../../store/index.ts';
import type { Call } from '../call.ts';
import { timedOut } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { objectKey } from '../storage/keys.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { find } from './get.ts';
import type { Turn } from './turns.ts';

/** As long as kube-apiserver works on a request. */
const requestMs = 60_000;
const longestWaitMs = 50;

/**
 * Reads, changes and writes the object of a call, in turn with others who do, until nobody else was faster. `attempt` does
 * so once, and may be called any number of times; it may pass the turn on when it has written. Throws `NotFound`, `Timeout`
 * when a minute was not enough, and the signal's reason when the client has gone.
 */
export async function contend<Result>(
  machinery: Machinery,
  call: Call,
  attempt: (current: StoredObject, turn: Turn) => Promise<Result>,
): Promise<Result> {
  const { turns } = machinery;
  const key = objectKey(call.kind.prefix, call.namespace, call.name);
  const wait = { signal: call.signal, deadline: performance.now() + requestMs };
  let turn = await turns.enter(key, wait);
  try {
    for (let tries = 1; ; tries++) {
      const { pending } = turn;
      try {
        const result = await attempt(pending?.object ?? (await newest(machinery, call)), turn);
        // Also of those who had nothing to write nobody waits for the disk.
        turn.leave();
        // What was built on must be there before anybody hears of what became of it.
        if (!pending || (await pending.isKept)) return result;
      } catch (error) {
        if (!isLost(error, key)) turn.leave();
        if ((!pending || (await pending.isKept)) && !isLost(error, key)) throw error;
      }
      call.signal?.throwIfAborted();
      if (performance.now() > wait.deadline) throw timedOut();
      // The winner may not be durable yet, and until then nobody sees what it wrote: on a busy disk that takes a while.
      if (!turn.isOver) await setTimeout(Math.min(tries, longestWaitMs));
      turn.leave();
      turn = await turns.enter(key, wait);
    }
  } finally {
    turn.leave();
  }
}

async function newest(machinery: Machinery, call: Call): Promise<StoredObject> {
  if (!machinery.storage.isFresh) await machinery.storage.caughtUp();
  return await find(machinery, { ...call, options: noOptions });
}

/**
 * Commits what was made of an object in its writer's turn. What it was built on may not have been kept after all, and then
 * its revision is given to another write, so that comparing tells nothing.
 */
export async function commitIn(turn: Turn, storage: Machinery['storage'], change: Change): Promise<Revision> {
  if (turn.pending?.isLost) {
    throw new BerthError('Conflict', `what ${change.key} was built on is lost`, { details: { name: change.key } });
  }
  return await storage.commit([change]);
}

const noOptions: ReadonlyMap<string, string> = new Map();

/** Whether somebody else wrote the object since it was read. */
export function isLost(error: unknown, key: string): boolean {
  return isBerthError(error, 'Conflict') && error.details?.name === key;
}
