import { BerthError } from '@berth/kube/errors';
import type { Commit, Forgotten, Journal } from './journal.ts';
import { JournaledStore } from './journaled.ts';
import { State } from './state.ts';
import type { Revision, Store, StoredEntry, StoreEvent } from './types.ts';

/** A store that lives as long as the process: for tests, and for what need not outlive a run. */
export function memoryStore(): Store {
  return new JournaledStore(new MemoryJournal(), new State());
}

class MemoryJournal implements Journal {
  readonly #commits = new Map<Revision, StoreEvent[]>();

  append(commits: readonly Commit[]): Promise<void> {
    for (const { revision, events } of commits) this.#commits.set(revision, [...events]);
    return Promise.resolve();
  }

  read(revision: Revision, key: string): StoredEntry {
    const event = this.#commits.get(revision)?.find((candidate) => candidate.key === key);
    if (event === undefined) throw new BerthError('InternalError', `revision ${revision} of ${key} is missing`);
    return { key, value: event.value, revision, createRevision: event.createRevision };
  }

  replay({ after, through, prefix }: { after: Revision; through: Revision; prefix: string }): Commit[] {
    const commits: Commit[] = [];
    for (let revision = after + 1; revision <= through; revision++) {
      const events = (this.#commits.get(revision) ?? []).filter((event) => event.key.startsWith(prefix));
      commits.push({ revision, events });
    }
    return commits;
  }

  forget(_compacted: Revision, forgotten: readonly Forgotten[]): Promise<void> {
    const keysByRevision = Map.groupBy(forgotten, ({ revision }) => revision);
    for (const [revision, records] of keysByRevision) {
      const keys = new Set(records.map(({ key }) => key));
      const kept = this.#commits.get(revision)?.filter((event) => !keys.has(event.key)) ?? [];
      if (kept.length > 0) this.#commits.set(revision, kept);
      else this.#commits.delete(revision);
    }
    return Promise.resolve();
  }

  copy(_file: string): Promise<void> {
    return Promise.reject(new BerthError('MethodNotAllowed', 'a store in memory has no snapshots'));
  }

  close(): Promise<void> {
    this.#commits.clear();
    return Promise.resolve();
  }
}
