/**
 * The store: revisioned keys, what etcd is to Kubernetes.
 *
 * A revision is a whole number that grows by one with every commit (not with every key); a JavaScript number holds
 * 2^53 of them, 285 years at a million commits a second, so it is not a bigint.
 */
export type Revision = number;

export interface StoredEntry {
  key: string;
  value: Uint8Array;
  /** Of the commit that wrote this value. */
  revision: Revision;
  /** Of the commit that created the key. */
  createRevision: Revision;
}

/**
 * One change in a commit. `expected` is compare-and-set: 0 means "the key must not exist", a revision means "the
 * key's value must still be the one written at that revision"; without it the change is unconditional.
 * `value` may be a function of the commit's revision, so that an object can carry its own version.
 */
export type Change =
  | { type: 'put'; key: string; value: Uint8Array | ((revision: Revision) => Uint8Array); expected?: Revision }
  | { type: 'delete'; key: string; expected?: Revision };

export interface ListQuery {
  /** Every key that starts with it, in the byte order of UTF-8. */
  prefix: string;
  /** The state at this revision; without it the newest. */
  revision?: Revision;
  /** Only keys after this one (exclusive): how a continued list goes on. */
  after?: string;
  limit?: number;
}

export interface ListResult {
  entries: StoredEntry[];
  /** The revision of the state that was listed. */
  revision: Revision;
  /** Keys with the prefix beyond the last entry. 0 when the list is complete. */
  remaining: number;
}

export interface StoreEvent {
  type: 'put' | 'delete';
  key: string;
  revision: Revision;
  /** The new value; for a delete, the last one. */
  value: Uint8Array;
  createRevision: Revision;
  /** The value before a put, when there was one. */
  previous?: { value: Uint8Array; revision: Revision };
}

export interface History {
  /** Whole commits, in order of revision. */
  events: StoreEvent[];
  through: Revision;
}

export interface StoreWatch {
  /**
   * Batches of events, in order of revision, each commit whole and in one batch. Ends when closed; throws `Expired` when
   * the watcher fell so far behind that compaction overtook it.
   */
  readonly events: AsyncIterable<readonly StoreEvent[]>;
  close(): void;
}

/**
 * Guarantees, for every implementation (`conformance.ts`):
 * - Durability: when `commit` resolves, its changes survive `kill -9` and loss of power (LMDB; memory: the process).
 * - Atomicity: all changes of a commit or none; no reader, watcher or restart ever sees half of one.
 * - Order: commits take effect in the order of the calls; revisions have no gaps among successful commits, and a reader
 *   or watcher never sees revision n + 1 before n.
 * - Visibility: what `get`, `list` and `watch` show is durable.
 *
 * What goes in and comes out is shared, not copied: nobody changes a value, an entry or an event.
 *
 * A commit without effect (no changes, or only deletions of keys that do not exist) makes no revision: it resolves with the
 * newest one, once that is durable.
 *
 * Errors are `BerthError`s: `BadRequest` from `commit` for a key of more than 1024 bytes or one that is changed twice,
 * `ServiceUnavailable` once the store is closed, `Conflict` from `commit` when an `expected` does not hold (`details.name` is the key),
 * `Expired` when a revision was compacted, `InsufficientStorage` when the disk is full (nothing of the commit is kept,
 * reads go on, and later commits succeed once there is room), `Timeout` with a `ResourceVersionTooLarge` cause for a
 * revision of the future.
 */
export interface Store {
  /** The newest durable revision. A new store begins at 1. */
  readonly revision: Revision;
  /** Revisions up to and including this one can no longer be listed at or watched from. */
  readonly compactedRevision: Revision;
  get(key: string): StoredEntry | undefined;
  list(query: ListQuery): ListResult;
  commit(changes: readonly Change[]): Promise<Revision>;
  /** Every event with `revision > after` whose key starts with the prefix. Throws `Expired` when `after` is compacted. */
  watch(query: { prefix: string; after: Revision }): StoreWatch;
  /**
   * A stretch of the past: the events with `after < revision <= through` whose key starts with the prefix. It ends early
   * after some hundred revisions, or with the commit at which the values told and replaced hold `bytes` (a few MiB at
   * most, and by default); `through` says how far it came, which is `after` when nothing is newer. Throws `Expired` as `watch` does.
   */
  history(query: { prefix: string; after: Revision; bytes?: number }): History;
  /**
   * Forgets history before the revision: `compactedRevision` becomes the one before it. The state at the revision and
   * later ones stay whole, and can be watched from. Resolves when what that frees is dropped.
   */
  compact(revision: Revision): Promise<void>;
  /** Writes a consistent copy of the store, past included, into a new directory: a store that can be opened there. */
  snapshot(directory: string): Promise<void>;
  close(): Promise<void>;
}
