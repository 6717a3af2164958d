import type { Commit, Forgotten } from './journal.ts';
import { endOfPrefix, orderOf } from './order.ts';
import { type Slot, SlotIndex } from './slots.ts';
import type { ListQuery, Revision, StoredEntry } from './types.ts';

/** Reads a value that is no longer the current one. */
export type ReadVersion = (revision: Revision, key: string) => StoredEntry;

/** What is durable: the current value of every key in memory, and which revisions of it the journal still holds. */
export class State {
  readonly #slots = new SlotIndex();
  readonly #withHistory = new Set<Slot>();
  revision: Revision = 1;
  compacted: Revision = 0;

  get(key: string): StoredEntry | undefined {
    return this.#slots.find(orderOf(key))?.entry;
  }

  /** Takes in a commit, which must be the next one. */
  apply(commit: Commit): void {
    for (const event of commit.events) {
      const { key, value, revision, createRevision } = event;
      if (event.type === 'put') this.set({ key, value, revision, createRevision });
      else this.delete(key, revision);
    }
    this.revision = commit.revision;
  }

  set(entry: StoredEntry): void {
    const slot = this.#slotOf(entry.key);
    this.#remember(slot, entry.revision);
    slot.entry = entry;
  }

  delete(key: string, revision: Revision): void {
    const slot = this.#slotOf(key);
    this.#remember(slot, -revision);
    slot.entry = undefined;
  }

  /** Entries under the prefix after `after`, at most `limit`, and how many are beyond them. */
  list(query: ListQuery, read: ReadVersion): { entries: StoredEntry[]; remaining: number } {
    const prefix = orderOf(query.prefix);
    let from = prefix;
    if (query.after !== undefined && orderOf(query.after) >= prefix) from = `${orderOf(query.after)}\0`;
    const limit = query.limit ?? Number.POSITIVE_INFINITY;
    const at = query.revision === undefined || query.revision >= this.revision ? undefined : query.revision;
    const entries: StoredEntry[] = [];
    let remaining = 0;
    this.#slots.scan(from, endOfPrefix(prefix), (slot) => {
      if (at === undefined || (slot.entry !== undefined && slot.entry.revision <= at)) {
        if (slot.entry === undefined) return;
        if (entries.length < limit) entries.push(slot.entry);
        else remaining++;
        return;
      }
      const version = versionAt(slot, at);
      if (version <= 0) return;
      if (entries.length < limit) entries.push(read(version, slot.key));
      else remaining++;
    });
    return { entries, remaining };
  }

  /** Forgets the past of every key up to `revision`, and says which records of the journal that frees. */
  compact(revision: Revision): Forgotten[] {
    const forgotten: Forgotten[] = [];
    for (const slot of this.#withHistory) {
      const versions = slot.versions;
      if (versions === undefined) continue;
      let base = 0;
      while (base + 1 < versions.length && Math.abs(versions[base + 1] as number) <= revision) base++;
      for (const version of versions.splice(0, base)) {
        if (version !== 0) forgotten.push({ revision: Math.abs(version), key: slot.key });
      }
      const first = versions[0] as number;
      if (first < 0) {
        forgotten.push({ revision: -first, key: slot.key });
        versions[0] = 0;
      }
      if (versions.length === 1) {
        slot.versions = undefined;
        this.#withHistory.delete(slot);
        if (slot.entry === undefined) this.#slots.remove(slot.order);
      }
    }
    this.compacted = revision;
    return forgotten;
  }

  #slotOf(key: string): Slot {
    const order = orderOf(key);
    const found = this.#slots.find(order);
    if (found !== undefined) return found;
    const slot: Slot = { key, order, entry: undefined, versions: undefined };
    this.#slots.insert(slot);
    return slot;
  }

  #remember(slot: Slot, version: Revision): void {
    if (slot.versions === undefined) {
      slot.versions = [slot.entry?.revision ?? 0];
      this.#withHistory.add(slot);
    }
    slot.versions.push(version);
  }
}

/** The revision whose value the key had at `at`; 0 or less when it had none. */
function versionAt(slot: Slot, at: Revision): Revision {
  const versions = slot.versions;
  if (versions === undefined) return 0;
  let low = 0;
  let high = versions.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (Math.abs(versions[middle] as number) > at) high = middle;
    else low = middle;
  }
  return versions[low] as number;
}
