import type { Forgotten } from '../journal.ts';
import { State } from '../state.ts';
import type { Revision } from '../types.ts';
import { readDataFile } from './datafile.ts';
import { decodeHeader, decodeRecord, headerKey, type StoredRecord } from './record.ts';

/**
 * Reads a whole store file into memory: current values, and which revisions the file still holds. `leftover` are records
 * that a compaction was about to drop when the process ended. Throws an `Error` that says what is wrong when a checksum
 * does not match, when revisions are missing, or when the file's structure is damaged.
 */
export function loadState(file: string): { state: State; leftover: Forgotten[] } {
  const state = new State();
  let compacted: Revision | undefined;
  let continuity: Continuity | undefined;
  const slabs = new Slabs();
  readDataFile(file, (key, value) => {
    if (key.equals(headerKey)) {
      compacted = decodeHeader(value).compacted;
      continuity = new Continuity(compacted);
      return;
    }
    if (continuity === undefined) throw new Error('its header is missing');
    const record = decodeRecord(key, value);
    continuity.add(record, state.get(record.key)?.revision ?? 0);
    if (record.type === 'delete') state.delete(record.key, record.revision);
    else {
      const { key: name, revision, createRevision } = record;
      state.set({ key: name, value: slabs.keep(record.value), revision, createRevision });
    }
  });
  if (compacted === undefined || continuity === undefined) throw new Error('its header is missing');
  state.revision = continuity.finish();
  return { state, leftover: state.compact(compacted) };
}

const slabSize = 64 * 1024;

/**
 * Copies of many small values in few pieces of memory: one for each takes half of the time to open a store. A piece goes
 * when the last of its values was replaced.
 */
class Slabs {
  #slab = Buffer.alloc(0);
  #used = 0;

  keep(value: Uint8Array): Buffer {
    const copy = this.#room(value.byteLength);
    copy.set(value);
    return copy;
  }

  #room(bytes: number): Buffer {
    if (bytes > slabSize / 8) return Buffer.allocUnsafeSlow(bytes);
    if (this.#used + bytes > this.#slab.byteLength) {
      this.#slab = Buffer.allocUnsafeSlow(slabSize);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += bytes;
    return this.#slab.subarray(from, this.#used);
  }
}

/** Checks that after the compacted revision no commit is missing and none is there in part. */
class Continuity {
  readonly #compacted: Revision;
  #revision: Revision;
  /** Changes of `#revision` that were not seen yet. */
  #missing = 0;

  constructor(compacted: Revision) {
    this.#compacted = compacted;
    this.#revision = Math.max(compacted, 1);
  }

  add(record: StoredRecord, current: Revision): void {
    if (record.revision <= this.#compacted) return;
    if (record.revision !== this.#revision) {
      this.#finishCommit();
      this.#revision++;
      this.#missing = record.changes;
      if (record.revision !== this.#revision) throw new Error(`revision ${this.#revision} is missing`);
    }
    this.#missing--;
    if (record.previousRevision !== current) {
      throw new Error(`revision ${record.revision} follows ${record.previousRevision}, which is missing`);
    }
  }

  finish(): Revision {
    this.#finishCommit();
    if (this.#compacted > 0 && this.#revision === this.#compacted) {
      throw new Error(`revision ${this.#compacted + 1} is missing`);
    }
    return this.#revision;
  }

  #finishCommit(): void {
    if (this.#missing !== 0) throw new Error(`revision ${this.#revision} is there in part only`);
  }
}
