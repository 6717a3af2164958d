import { crc32 } from 'node:zlib';
import type { Revision, StoreEvent } from '../types.ts';

/**
 * One change as it stands in the file. The key is a tag, the revision (7 bytes, big-endian) and the key in UTF-8, so that
 * records lie in the order of their commits; the value is a header of 32 bytes and the bytes that were put:
 * CRC-32 of all that follows and of the key (4), type (1), format (1), unused (2), place in the commit (4), changes of the
 * commit (4), create revision (8), revision of the value before or 0 (8). Little-endian.
 */
export interface StoredRecord {
  type: 'put' | 'delete';
  key: string;
  revision: Revision;
  createRevision: Revision;
  /** Of the value that this change replaced or deleted; 0 when there was none. */
  previousRevision: Revision;
  place: number;
  changes: number;
  value: Buffer;
}

const tag = { header: 1, record: 2 };
const keyPrefix = 8;
const valuePrefix = 32;
const format = 1;

/** Where the store keeps what is not a change. */
export const headerKey = Buffer.from([tag.header]);

export function recordKey(revision: Revision, key: string): Buffer {
  const bytes = Buffer.allocUnsafe(keyPrefix + Buffer.byteLength(key));
  bytes[0] = tag.record;
  // writeUIntBE takes six bytes at most.
  bytes[1] = Math.floor(revision / 2 ** 48);
  bytes.writeUIntBE(revision % 2 ** 48, 2, 6);
  bytes.write(key, keyPrefix);
  return bytes;
}

/** The revision in a record's key. */
export function revisionOf(key: Buffer): Revision {
  return (key[1] as number) * 2 ** 48 + key.readUIntBE(2, 6);
}

/** Whether a record is of a key that begins with `prefix`. */
export function isKeyWith(prefix: Buffer, key: Buffer): boolean {
  return key.subarray(keyPrefix, keyPrefix + prefix.byteLength).equals(prefix);
}

export function encodeRecord(
  key: Buffer,
  event: StoreEvent,
  previous: Revision,
  place: number,
  changes: number,
): Buffer {
  const bytes = event.type === 'put' ? event.value : new Uint8Array();
  const record = Buffer.allocUnsafe(valuePrefix + bytes.byteLength);
  record[4] = event.type === 'put' ? 1 : 2;
  record[5] = format;
  record.writeUInt16LE(0, 6);
  record.writeUInt32LE(place, 8);
  record.writeUInt32LE(changes, 12);
  record.writeDoubleLE(event.createRevision, 16);
  record.writeDoubleLE(previous, 24);
  record.set(bytes, valuePrefix);
  record.writeUInt32LE(checksum(key, record), 0);
  return record;
}

/** Throws an `Error` that says what is wrong with it. The value is a window on `record`, not a copy. */
export function decodeRecord(key: Buffer, record: Buffer): StoredRecord {
  if (key.byteLength <= keyPrefix || key[0] !== tag.record) throw new Error('a key is not one of this format');
  if (record.byteLength < valuePrefix) throw new Error('a record is too short');
  const revision = revisionOf(key);
  if (record.readUInt32LE(0) !== checksum(key, record)) {
    throw new Error(`the checksum of a record of revision ${revision} does not match`);
  }
  if (record[5] !== format) throw new Error(`a record has format ${record[5]}, this program knows ${format}`);
  return {
    type: record[4] === 1 ? 'put' : 'delete',
    key: key.toString('utf8', keyPrefix),
    revision,
    createRevision: record.readDoubleLE(16),
    previousRevision: record.readDoubleLE(24),
    place: record.readUInt32LE(8),
    changes: record.readUInt32LE(12),
    value: record.subarray(valuePrefix),
  };
}

/** CRC-32 (4), format (4), compacted revision (8). */
export function encodeHeader(compacted: Revision): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(format, 4);
  header.writeDoubleLE(compacted, 8);
  header.writeUInt32LE(checksum(headerKey, header), 0);
  return header;
}

export function decodeHeader(header: Buffer): { compacted: Revision } {
  if (header.byteLength !== 16 || header.readUInt32LE(0) !== checksum(headerKey, header)) {
    throw new Error("the checksum of the store's header does not match");
  }
  if (header.readUInt32LE(4) !== format) {
    throw new Error(`the store has format ${header.readUInt32LE(4)}, this program knows ${format}`);
  }
  return { compacted: header.readDoubleLE(8) };
}

function checksum(key: Buffer, record: Buffer): number {
  return crc32(record.subarray(4), crc32(key));
}
