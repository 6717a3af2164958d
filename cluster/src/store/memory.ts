import { BerthError } from '@berth/kube/errors';
import { bytesOf, type Commit, type DecidedCommit, type Forgotten, type Journal } from './journal.ts';
import { JournaledStore } from './journaled.ts';
import { State } from './state.ts';
import type { Revision, Store, StoredEntry } from './types.ts';

/** A store that lives as long as the process: for tests, and for what need not outlive a run. */
export function memoryStore(): Store {
  return new JournaledStore(new MemoryJournal(), new State());
}

class MemoryJournal implements Journal {
  readonly #commits = new Map<Revision, DecidedCommit>();
  #compacted: Revision = 0;

  append(commits: readonly DecidedCommit[]): Promise<void> {
    for (const commit of commits) this.#commits.set(commit.revision, commit);
    return Promise.resolve();
  }

  read(revision: Revision, key: string): StoredEntry {
    const event = this.#commits.get(revision)?.events.find((candidate) => candidate.key === key);
    if (event === undefined) throw new BerthError('InternalError', `revision ${revision} of ${key} is missing`);
    return { key, value: event.value, revision, createRevision: event.createRevision };
  }

  replay(query: { after: Revision; through: Revision; prefix: string; bytes: number }): Commit[] {
    const commits: Commit[] = [];
    let bytes = 0;
    for (let revision = query.after + 1; revision <= query.through && bytes < query.bytes; revision++) {
      const events = (this.#commits.get(revision)?.events ?? []).filter((event) => event.key.startsWith(query.prefix));
      commits.push({ revision, events });
      for (const event of events) bytes += bytesOf(event);
    }
    return commits;
  }

  forget(compacted: Revision, forgotten: readonly Forgotten[]): Promise<void> {
    this.#compacted = compacted;
    for (const [revision, records] of Map.groupBy(forgotten, (record) => record.revision)) {
      const commit = this.#commits.get(revision);
      const keys = new Set(records.map(({ key }) => key));
      const kept = commit?.events.flatMap((event, place) =>
        keys.has(event.key) ? [] : [{ event, replaced: commit.replaced[place] ?? 0 }],
      );
      if (kept === undefined || kept.length === 0) this.#commits.delete(revision);
      else {
        const events = kept.map(({ event }) => event);
        this.#commits.set(revision, { revision, events, replaced: kept.map(({ replaced }) => replaced) });
      }
    }
    return Promise.resolve();
  }

  async copy(file: string): Promise<void> {
    // Only here: whoever never asks for a copy does not load LMDB.
    const { createStoreFile } = await import('./lmdb/database.ts');
    const commits = [...this.#commits.values()];
    const compacted = this.#compacted;
    await createStoreFile(file, async (journal) => {
      await journal.append(commits);
      await journal.forget(compacted, []);
    });
  }

  close(): Promise<void> {
    this.#commits.clear();
    return Promise.resolve();
  }
}
