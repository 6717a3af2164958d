import { BerthError } from '@berth/kube/errors';
import type { Commit } from './journal.ts';
import type { Revision, StoreEvent, StoreWatch } from './types.ts';

/** What a watch needs of the store: where it stands, and its past. */
export interface History {
  readonly revision: Revision;
  readonly compactedRevision: Revision;
  /** Commits after a revision, oldest first; stops early after a while: the last one's revision says how far it came. */
  replay(query: { after: Revision; prefix: string }): { commits: Commit[]; through: Revision };
}

/** Events that a watcher may have waiting before it is sent back to read them from history. */
const mostWaiting = 2048;

/** All watches of a store. Watchers of one prefix share one filtered batch. */
export class Watches {
  readonly #history: History;
  readonly #byPrefix = new Map<string, Set<Watch>>();

  constructor(history: History) {
    this.#history = history;
  }

  open(prefix: string, after: Revision): StoreWatch {
    const watch = new Watch(this.#history, prefix, after, () => this.#remove(watch));
    const peers = this.#byPrefix.get(prefix);
    if (peers === undefined) this.#byPrefix.set(prefix, new Set([watch]));
    else peers.add(watch);
    return watch;
  }

  /** Hands durable commits out; to be called in order of revision, after the store's own revision has moved past them. */
  publish(commits: readonly Commit[]): void {
    for (const [prefix, watches] of this.#byPrefix) {
      const batch = commits.flatMap(({ events }) => events.filter((event) => event.key.startsWith(prefix)));
      if (batch.length > 0) for (const watch of watches) watch.push(batch);
    }
  }

  close(): void {
    for (const watches of [...this.#byPrefix.values()]) for (const watch of [...watches]) watch.close();
  }

  #remove(watch: Watch): void {
    const peers = this.#byPrefix.get(watch.prefix);
    peers?.delete(watch);
    if (peers?.size === 0) this.#byPrefix.delete(watch.prefix);
  }
}

type Batch = readonly StoreEvent[];

class Watch implements StoreWatch, AsyncIterator<Batch> {
  readonly prefix: string;
  readonly #history: History;
  readonly #onClose: () => void;
  /** While behind: everything up to here was handed out, or did not concern this watch. */
  #position: Revision;
  #waiting: StoreEvent[] = [];
  /** Behind: what waits is in the history, from `#position` on, and not in `#waiting`. */
  #behind: boolean;
  #closed = false;
  readonly #takers: PromiseWithResolvers<IteratorResult<Batch, undefined>>[] = [];

  constructor(history: History, prefix: string, after: Revision, onClose: () => void) {
    this.#history = history;
    this.prefix = prefix;
    this.#position = after;
    this.#behind = after < history.revision;
    this.#onClose = onClose;
  }

  get events(): AsyncIterable<Batch> {
    return { [Symbol.asyncIterator]: () => this };
  }

  push(batch: Batch): void {
    if (this.#behind) return;
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.resolve({ done: false, value: batch });
      return;
    }
    if (this.#waiting.length + batch.length > mostWaiting) {
      this.#position = ((this.#waiting[0] ?? batch[0]) as StoreEvent).revision - 1;
      this.#waiting = [];
      this.#behind = true;
      return;
    }
    for (const event of batch) this.#waiting.push(event);
  }

  next(): Promise<IteratorResult<Batch, undefined>> {
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    try {
      if (this.#behind) this.#catchUp();
    } catch (error) {
      this.close();
      return Promise.reject(error);
    }
    if (this.#waiting.length > 0) {
      const value = this.#waiting;
      this.#waiting = [];
      return Promise.resolve({ done: false, value });
    }
    const taker = Promise.withResolvers<IteratorResult<Batch, undefined>>();
    this.#takers.push(taker);
    return taker.promise;
  }

  return(): Promise<IteratorResult<Batch, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#onClose();
    for (const taker of this.#takers.splice(0)) taker.resolve({ done: true, value: undefined });
  }

  /** Reads on from history until there is something to hand out or the present is reached. */
  #catchUp(): void {
    while (this.#behind && this.#waiting.length === 0) {
      if (this.#position < this.#history.compactedRevision) {
        throw expired(this.#position, this.#history.compactedRevision);
      }
      const { commits, through } = this.#history.replay({ after: this.#position, prefix: this.prefix });
      for (const commit of commits) this.#waiting.push(...commit.events);
      this.#position = through;
      this.#behind = through < this.#history.revision;
    }
  }
}

/** The error for a revision that was compacted. */
export function expired(revision: Revision, compacted: Revision): BerthError {
  return new BerthError('Expired', `revision ${revision} is too old: history up to ${compacted} was compacted`);
}
