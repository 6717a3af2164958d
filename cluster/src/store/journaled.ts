import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import type { Commit, DecidedCommit, Journal } from './journal.ts';
import { Overlay } from './overlay.ts';
import { RecentCommits } from './recent.ts';
import type { State } from './state.ts';
import type { Change, History, ListQuery, ListResult, Revision, Store, StoredEntry, StoreWatch } from './types.ts';
import { expired, Watches } from './watches.ts';

interface Pending {
  readonly commit: DecidedCommit;
  readonly resolve: (revision: Revision) => void;
  readonly reject: (error: unknown) => void;
}

interface Stretch {
  prefix: string;
  after: Revision;
  bytes?: number | undefined;
}

/** The name of the file in a store's or a snapshot's directory. */
export const storeFile = 'store.mdb';

/** One transaction of the journal holds at most this much, so that a burst does not hold up its first commits. */
const mostInGroup = { commits: 2048, bytes: 16 * 1024 * 1024 };
/** What one step reads back from the journal. */
const replayStep = { revisions: 512, bytes: 2 * 1024 * 1024 };

/**
 * The store on top of a journal. Commits are decided when called, wait in a queue, and go to the journal in groups: while
 * one group is being made durable the next one gathers. Only then do readers and watchers see them, and their promises
 * resolve.
 */
export class JournaledStore implements Store {
  readonly #journal: Journal;
  readonly #state: State;
  readonly #overlay: Overlay;
  readonly #recent = new RecentCommits();
  readonly #watches: Watches;
  #queue: Pending[] = [];
  #assigned: Revision;
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  readonly #running = new Set<Promise<void>>();

  constructor(journal: Journal, state: State) {
    this.#journal = journal;
    this.#state = state;
    this.#assigned = state.revision;
    this.#overlay = new Overlay((key) => state.get(key));
    const replay = (query: { after: Revision; prefix: string }) => this.#replay(query);
    this.#watches = new Watches({
      get revision() {
        return state.revision;
      },
      get compactedRevision() {
        return state.compacted;
      },
      replay,
    });
  }

  get revision(): Revision {
    return this.#state.revision;
  }

  get compactedRevision(): Revision {
    return this.#state.compacted;
  }

  get(key: string): StoredEntry | undefined {
    this.#checkOpen();
    return this.#state.get(key);
  }

  list(query: ListQuery): ListResult {
    this.#checkOpen();
    const revision = query.revision ?? this.revision;
    this.#checkRevision(revision);
    const listed = this.#state.list(query, (version, key) => this.#journal.read(version, key));
    return { ...listed, revision };
  }

  commit(changes: readonly Change[]): Promise<Revision> {
    try {
      this.#checkOpen();
      const commit = this.#overlay.decide(changes, this.#assigned + 1);
      if (commit.events.length === 0) return this.#settled(this.#assigned);
      this.#assigned = commit.revision;
      const { promise, resolve, reject } = Promise.withResolvers<Revision>();
      this.#queue.push({ commit, resolve, reject });
      this.#writing ??= this.#write();
      return promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  watch({ prefix, after }: { prefix: string; after: Revision }): StoreWatch {
    this.#checkOpen();
    this.#checkRevision(after);
    return this.#watches.open(prefix, after);
  }

  history({ prefix, after, bytes }: Stretch): History {
    this.#checkOpen();
    this.#checkRevision(after);
    if (after === this.revision) return { events: [], through: after };
    const { commits, through } = this.#replay({ prefix, after, bytes });
    return { events: commits.flatMap(({ events }) => events), through };
  }

  async compact(revision: Revision): Promise<void> {
    this.#checkOpen();
    if (revision > this.revision) throw tooLarge(revision, this.revision);
    if (revision - 1 <= this.compactedRevision) return;
    await this.#untilDone(this.#journal.forget(revision - 1, this.#state.compact(revision - 1)));
  }

  async snapshot(directory: string): Promise<void> {
    this.#checkOpen();
    await this.#untilDone(
      mkdir(directory, { recursive: true, mode: 0o700 }).then(() => this.#journal.copy(join(directory, storeFile))),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    this.#watches.close();
    await this.#writing;
    await Promise.allSettled(this.#running);
    await this.#journal.close();
  }

  /** Closing waits for it: the journal must not go away under it. */
  async #untilDone(work: Promise<void>): Promise<void> {
    this.#running.add(work);
    try {
      await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** For a commit that changes nothing: resolves once everything it saw is durable. */
  async #settled(revision: Revision): Promise<Revision> {
    const last = this.#queue[this.#queue.length - 1];
    if (last === undefined && this.#writing === undefined) return revision;
    await this.#writing;
    if (this.revision < revision) throw new BerthError('InsufficientStorage', 'an earlier commit could not be kept');
    return revision;
  }

  async #write(): Promise<void> {
    // One turn of the event loop gathers what other clients are about to commit as well.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#journal.append(group.map(({ commit }) => commit));
      } catch (error) {
        this.#dropPending(group, error);
        continue;
      }
      for (const { commit } of group) {
        this.#state.apply(commit);
        this.#overlay.settle(commit);
        this.#recent.add(commit);
      }
      this.#watches.publish(group.map(({ commit }) => commit));
      for (const { commit, resolve } of group) resolve(commit.revision);
    }
    this.#writing = undefined;
  }

  #takeGroup(): Pending[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && count < mostInGroup.commits && bytes < mostInGroup.bytes) {
      for (const { value } of (this.#queue[count] as Pending).commit.events) bytes += value.byteLength;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  /** Commits behind a failed one were decided on top of it: none of them can stand. */
  #dropPending(group: readonly Pending[], cause: unknown): void {
    const behind = this.#queue;
    this.#queue = [];
    this.#overlay.clear();
    this.#assigned = this.#state.revision;
    for (const { reject } of group) reject(cause);
    for (const { reject } of behind) reject(cause);
  }

  #replay(query: Stretch): { commits: Commit[]; through: Revision } {
    const { after, prefix, bytes = replayStep.bytes } = query;
    const recent = this.#recent.after(after);
    if (recent === undefined) {
      const through = Math.min(after + replayStep.revisions, this.revision);
      const most = Math.min(bytes, replayStep.bytes);
      const commits = this.#journal.replay({ after, through, prefix, bytes: most });
      return { commits, through: commits.at(-1)?.revision ?? after };
    }
    const commits = recent.map(({ revision, events }) => ({
      revision,
      events: events.filter((event) => event.key.startsWith(prefix)),
    }));
    return { commits, through: this.revision };
  }

  #checkRevision(revision: Revision): void {
    if (revision > this.revision) throw tooLarge(revision, this.revision);
    // Nothing was ever forgotten while the compacted revision is 0, so revision 0, before the first, can be told.
    if (revision <= this.compactedRevision && this.compactedRevision > 0) {
      throw expired(revision, this.compactedRevision);
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new BerthError('ServiceUnavailable', 'the store is closed');
  }
}

function tooLarge(revision: Revision, newest: Revision): BerthError {
  const message = `Too large resource version: ${revision}, current: ${newest}`;
  return new BerthError('Timeout', message, {
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
  });
}
