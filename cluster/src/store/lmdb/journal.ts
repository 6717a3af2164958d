import { chmodSync, rmSync, symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import type { RootDatabase } from 'lmdb';
import { runScript } from '../../script.ts';
import { bytesOf, type Commit, type DecidedCommit, type Forgotten, type Journal } from '../journal.ts';
import type { Revision, StoredEntry, StoreEvent } from '../types.ts';
import { bytesLeft, messageOf, noRoomError, writeError } from './errors.ts';
import {
  decodeRecord,
  encodeHeader,
  encodeRecord,
  headerKey,
  isKeyWith,
  recordKey,
  revisionOf,
  type StoredRecord,
} from './record.ts';
import { syncPath } from './sync.ts';

const copying = new URL('copy-process.ts', import.meta.url);

export type Database = RootDatabase<Buffer, Buffer>;

/** Records that one transaction of a compaction drops: commits between them wait for no more than that. */
const droppedAtOnce = 1000;

/** What a change takes beside its bytes, about: its share of the pages on the way to it. */
const smallestWrite = 16 * 1024;

interface ReplayQuery {
  after: Revision;
  through: Revision;
  prefix: string;
  bytes: number;
}

/** Commits in an LMDB file: one record a change, in order of revision. See `record.ts` for the format. */
export class LmdbJournal implements Journal {
  readonly #database: Database;
  readonly #file: string;
  readonly #onClose: () => void;

  constructor(database: Database, file: string, onClose: () => void) {
    this.#database = database;
    this.#file = file;
    this.#onClose = onClose;
  }

  async append(commits: readonly DecidedCommit[]): Promise<void> {
    this.#checkRoom(commits);
    await this.#transact(() => {
      for (const { revision, events, replaced } of commits) {
        events.forEach((event, place) => {
          const key = recordKey(revision, event.key);
          this.#put(key, encodeRecord(key, event, replaced[place] ?? 0, place, events.length));
        });
      }
    });
  }

  read(revision: Revision, key: string): StoredEntry {
    const record = this.#record(revision, key);
    return { key, value: record.value, revision, createRevision: record.createRevision };
  }

  replay(query: ReplayQuery): Commit[] {
    let { commits, whole } = this.#commitsOf(query);
    if (!whole) {
      // The package keeps a view of the file for a turn of the event loop; it may be older than the last commit.
      this.#database.resetReadTxn();
      ({ commits, whole } = this.#commitsOf(query));
    }
    const missing = commits.findIndex(({ revision }, index) => revision !== query.after + 1 + index);
    if (missing !== -1 || !whole) {
      throw this.#damaged(`a revision between ${query.after} and ${query.through} is missing`);
    }
    return commits;
  }

  #commitsOf({ after, through, prefix, bytes }: ReplayQuery): { commits: Commit[]; whole: boolean } {
    const commits: Array<{ revision: Revision; events: StoreEvent[] }> = [];
    const places: number[] = [];
    const wanted = Buffer.from(prefix);
    let held = 0;
    const range = { start: recordKey(after + 1, ''), end: recordKey(through + 1, '') };
    for (const { key, value } of this.#database.getRange(range)) {
      const revision = revisionOf(key);
      let commit = commits[commits.length - 1];
      if (commit?.revision !== revision) {
        if (held >= bytes) return { commits, whole: true };
        commit = { revision, events: [] };
        commits.push(commit);
        places.length = 0;
      }
      // Most of what lies between is of others, and not worth reading.
      if (!isKeyWith(wanted, key)) continue;
      const record = this.#decode(key, value);
      // Records of a commit lie in the order of their keys, its events go in the order of its changes.
      let at = places.length;
      while (at > 0 && (places[at - 1] as number) > record.place) at--;
      places.splice(at, 0, record.place);
      const event = this.#event(record);
      held += bytesOf(event);
      commit.events.splice(at, 0, event);
    }
    return { commits, whole: commits.length === through - after };
  }

  async forget(compacted: Revision, forgotten: readonly Forgotten[]): Promise<void> {
    // The compacted revision first: what is not dropped when the process ends here is dropped at the next start.
    await this.#transact(() => this.#put(headerKey, encodeHeader(compacted)));
    for (let from = 0; from < forgotten.length; ) {
      const until = endOfKey(forgotten, Math.min(from + droppedAtOnce, forgotten.length));
      const group = forgotten.slice(from, until);
      await this.#transact(() => {
        for (const { revision, key } of group) this.#settle(this.#database.remove(recordKey(revision, key)));
      });
      from = until;
    }
  }

  /**
   * A process of its own copies, since all that is copied stays in the memory of the one that read it. It reads through another name,
   * and so with a table of readers of its own: should it outlive this process by a moment, the next one meets nobody in its table.
   */
  async copy(file: string): Promise<void> {
    const name = `${file}.source`;
    // What is written from now on leaves alone what the other process reads.
    const view = this.#database.useReadTransaction();
    try {
      symlinkSync(resolve(this.#file), name);
      await runScript(copying, [name, file]);
      chmodSync(file, 0o600);
      syncPath(file);
    } catch (error) {
      rmSync(file, { force: true });
      throw writeError(file, error);
    } finally {
      view.done();
      for (const left of [name, `${name}-lock`]) rmSync(left, { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
    this.#onClose();
  }

  async #transact(write: () => void): Promise<void> {
    try {
      await this.#database.batch(write);
    } catch (error) {
      // LMDB's own error comes later, as the rejection of a promise that hangs on the first.
      const cause = await reasonOf(error);
      throw writeError(this.#file, cause);
    }
  }

  /**
   * What finds no room fails without trying, since the package prints each failure with its stack. Deletions are tried:
   * pages that a compaction freed may do.
   */
  #checkRoom(commits: readonly DecidedCommit[]): void {
    let needed = 0;
    for (const { events } of commits) {
      for (const { type, value } of events) if (type === 'put') needed += value.byteLength + smallestWrite;
    }
    if (needed > 0 && bytesLeft(this.#file) < needed) throw noRoomError(this.#file);
  }

  #put(key: Buffer, value: Buffer): void {
    this.#settle(this.#database.put(key, value));
  }

  /** Each write has a promise of its own that fails with its batch, which is the one that is waited for. */
  #settle(promise: Promise<boolean>): void {
    promise.catch(() => {});
  }

  #event(record: StoredRecord): StoreEvent {
    const { type, key, revision, createRevision, previousRevision } = record;
    const previous = previousRevision === 0 ? undefined : this.#record(previousRevision, key).value;
    if (type === 'delete') return { type, key, revision, createRevision, value: previous ?? Buffer.alloc(0) };
    const event: StoreEvent = { type, key, revision, createRevision, value: record.value };
    if (previous !== undefined) event.previous = { value: previous, revision: previousRevision };
    return event;
  }

  #record(revision: Revision, key: string): StoredRecord {
    const bytes = recordKey(revision, key);
    let value = this.#database.get(bytes);
    if (value === undefined) {
      // See `replay`: the view may be too old to show it.
      this.#database.resetReadTxn();
      value = this.#database.get(bytes);
    }
    if (value === undefined) throw this.#damaged(`revision ${revision} of ${key} is missing`);
    return this.#decode(bytes, value);
  }

  #decode(key: Buffer, value: Buffer): StoredRecord {
    try {
      return decodeRecord(key, value);
    } catch (error) {
      throw this.#damaged(messageOf(error), error);
    }
  }

  #damaged(reason: string, cause?: unknown): BerthError {
    return new BerthError('InternalError', `${this.#file} is damaged: ${reason}`, { cause, retryable: false });
  }
}

/** `until`, or further to where the records of its last key end: a key's records are dropped together. */
function endOfKey(forgotten: readonly Forgotten[], until: number): number {
  let end = until;
  while (end < forgotten.length && forgotten[end]?.key === forgotten[end - 1]?.key) end++;
  return end;
}

async function reasonOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}
