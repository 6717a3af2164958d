import type { Revision, StoredEntry, StoreEvent } from './types.ts';

/** A commit's events stand in the order of its changes. */
export interface Commit {
  readonly revision: Revision;
  readonly events: readonly StoreEvent[];
}

/** A commit that is not in the journal yet. */
export interface DecidedCommit extends Commit {
  /** For each event, the revision of the value that it replaces or deletes; 0 when there is none. */
  readonly replaced: readonly Revision[];
}

/** A change that nobody can ask for any more. */
export interface Forgotten {
  readonly revision: Revision;
  readonly key: string;
}

/**
 * Where commits are kept: all that the LMDB and the memory store do not share. A journal trusts its caller: commits come
 * in order and without gaps, and what is read was written and is not forgotten.
 */
export interface Journal {
  /**
   * Keeps the commits, all or none; durable when it resolves. Never called again before the last call has settled.
   * Rejects with `InsufficientStorage` when there is no room.
   */
  append(commits: readonly DecidedCommit[]): Promise<void>;
  /** What a commit put under the key. */
  read(revision: Revision, key: string): StoredEntry;
  /**
   * The commits of `after + 1` to `through`, oldest first, with only those events whose key starts with the prefix. Ends
   * early, after a whole commit, once those events hold `bytes`; the last commit's revision says how far it came.
   */
  replay(query: { after: Revision; through: Revision; prefix: string; bytes: number }): Commit[];
  /** Keeps that history up to `compacted` is gone, then drops what that frees, all of one key at once. */
  forget(compacted: Revision, forgotten: readonly Forgotten[]): Promise<void>;
  /** Writes a copy as of the last append that has settled as a store file. */
  copy(file: string): Promise<void>;
  close(): Promise<void>;
}

/** What an event holds in memory, about: its value and the one before. */
export function bytesOf({ value, previous }: StoreEvent): number {
  return value.byteLength + (previous?.value.byteLength ?? 0);
}
