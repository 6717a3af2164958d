import { rmSync } from 'node:fs';
import { BerthError } from '@berth/kube/errors';
import { writeStoreFile } from './database.ts';
import { readDataFile } from './datafile.ts';
import { writeError } from './errors.ts';
import type { Database } from './journal.ts';
import { decodeRecord, encodeRecord, headerKey } from './record.ts';

/** Bytes that one transaction writes. */
const writtenAtOnce = 4 * 1024 * 1024;

/** A value as it is to be kept under its key; what is answered unchanged stays. */
export type Convert = (key: string, value: Buffer) => Buffer;

/**
 * Writes a store file anew with every value of its present and its past as `convert` makes it, and nothing of what was
 * there before, in pages that are free either. Revisions stay. The old file stands until the new one is whole. Nobody may
 * have it open. Throws what `convert` throws, an `Error` when the file is damaged, `InsufficientStorage` when there is no
 * room for a second one. Answers how many values were converted.
 */
export async function convertStoreFile(file: string, convert: Convert): Promise<number> {
  let converted = 0;
  try {
    await writeStoreFile(file, (database) => {
      const batch = new Batch(database);
      readDataFile(file, (key, bytes) => {
        const record = key.equals(headerKey) ? undefined : decodeRecord(key, bytes);
        const value = record?.type === 'put' ? convert(record.key, record.value) : undefined;
        if (!record || !value || value === record.value) return batch.put(key, bytes);
        converted++;
        const { type, revision, createRevision, previousRevision, place, changes } = record;
        const event = { type, key: record.key, revision, createRevision, value };
        batch.put(key, encodeRecord(key, event, previousRevision, place, changes));
      });
      batch.write();
    });
  } catch (error) {
    rmSync(`${file}.new`, { force: true });
    rmSync(`${file}.new-lock`, { force: true });
    const isOfSystem = error instanceof Error && 'code' in error && !(error instanceof BerthError);
    throw isOfSystem ? writeError(`${file}.new`, error) : error;
  }
  return converted;
}

class Batch {
  readonly #database: Database;
  #entries: [Buffer, Buffer][] = [];
  #bytes = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#entries.push([Buffer.from(key), Buffer.from(value)]);
    this.#bytes += value.byteLength;
    if (this.#bytes >= writtenAtOnce) this.write();
  }

  write(): void {
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    this.#database.transactionSync(() => {
      for (const [key, value] of entries) this.#database.putSync(key, value);
    });
  }
}
