import { BerthError } from '@berth/kube/errors';
import type { Commit, DecidedCommit } from './journal.ts';
import { checkKey } from './order.ts';
import type { Change, Revision, StoredEntry, StoreEvent } from './types.ts';

/**
 * Commits that are decided but not durable yet. A new commit is checked against what they will have made of each key,
 * so that its outcome is known when it is called; readers do not see them.
 */
export class Overlay {
  readonly #durable: (key: string) => StoredEntry | undefined;
  readonly #pending = new Map<string, { revision: Revision; entry: StoredEntry | undefined }>();

  constructor(durable: (key: string) => StoredEntry | undefined) {
    this.#durable = durable;
  }

  /**
   * Decides a commit at `revision`, or throws and leaves everything as it was: `Conflict` for an `expected` that does not
   * hold, `BadRequest` for a key that cannot be stored or that is changed twice. Deleting a key that does not exist is
   * no event; a commit may so come out empty.
   */
  decide(changes: readonly Change[], revision: Revision): DecidedCommit {
    const events: StoreEvent[] = [];
    const replaced: Revision[] = [];
    const keys = new Set<string>();
    for (const change of changes) {
      checkKey(change.key);
      if (keys.has(change.key)) throw new BerthError('BadRequest', `one commit changes ${change.key} twice`);
      keys.add(change.key);
      const before = this.get(change.key);
      checkExpected(change, before);
      const event = eventOf(change, before, revision);
      if (event === undefined) continue;
      events.push(event);
      replaced.push(before?.revision ?? 0);
    }
    for (const { type, key, value, createRevision } of events) {
      this.#pending.set(key, {
        revision,
        entry: type === 'put' ? { key, value, revision, createRevision } : undefined,
      });
    }
    return { revision, events, replaced };
  }

  get(key: string): StoredEntry | undefined {
    const pending = this.#pending.get(key);
    return pending === undefined ? this.#durable(key) : pending.entry;
  }

  /** The commit is durable now; keys that a later one has changed again stay. */
  settle(commit: Commit): void {
    for (const { key } of commit.events) {
      if (this.#pending.get(key)?.revision === commit.revision) this.#pending.delete(key);
    }
  }

  clear(): void {
    this.#pending.clear();
  }
}

function checkExpected(change: Change, before: StoredEntry | undefined): void {
  if (change.expected === undefined || change.expected === (before?.revision ?? 0)) return;
  const state = before === undefined ? 'does not exist' : `is at revision ${before.revision}`;
  const wanted = change.expected === 0 ? 'that it does not exist' : `revision ${change.expected}`;
  throw new BerthError('Conflict', `${change.key} ${state}, the change expects ${wanted}`, {
    details: { name: change.key },
  });
}

function eventOf(change: Change, before: StoredEntry | undefined, revision: Revision): StoreEvent | undefined {
  const { key } = change;
  if (change.type === 'delete') {
    if (before === undefined) return undefined;
    return { type: 'delete', key, revision, value: before.value, createRevision: before.createRevision };
  }
  const value = ownBytes(typeof change.value === 'function' ? change.value(revision) : change.value);
  const event: StoreEvent = { type: 'put', key, revision, value, createRevision: before?.createRevision ?? revision };
  if (before !== undefined) event.previous = { value: before.value, revision: before.revision };
  return event;
}

/** Small Buffers are windows on a shared pool that one of them would keep alive whole; a value lives long. */
function ownBytes(value: Uint8Array): Uint8Array {
  if (value.buffer.byteLength <= value.byteLength * 2) return value;
  const copy = Buffer.allocUnsafeSlow(value.byteLength);
  copy.set(value);
  return copy;
}
