import { fstatSync, readSync } from 'node:fs';

/*
 * The pages of an LMDB data file (format 2, as the `lmdb` package writes it), by plain reads.
 * Layout: `MDB_page`, `MDB_meta` and `MDB_db` in that package's mdb.c.
 */

const magic = 0xbeefc0de;
const dataVersion = 2;
const metaFlag = 0x08;
const metaSize = 160;
/** Bytes read at once; records of one time lie side by side. */
const readAhead = 64 * 1024;

/** Bytes in front of what a page holds. */
export const pageHeader = 24;

export interface Tree {
  depth: number;
  branchPages: number;
  leafPages: number;
  overflowPages: number;
  entries: number;
  /** 2^64 or thereabouts when the tree is empty. */
  root: number;
}

export interface Meta {
  pageSize: number;
  free: Tree;
  main: Tree;
  lastPage: number;
  transaction: number;
}

export class PageReader {
  readonly #descriptor: number;
  readonly size: number;
  #chunk = Buffer.alloc(0);
  #chunkStart = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  /** `length` bytes at `offset`; valid until the next read. */
  read(offset: number, length: number): Buffer {
    if (offset + length > this.size) {
      throw new Error(`it is truncated: ${this.size} bytes, byte ${offset + length} is in use`);
    }
    const from = offset - this.#chunkStart;
    if (from < 0 || from + length > this.#chunk.byteLength) return this.#refill(offset, length);
    return this.#chunk.subarray(from, from + length);
  }

  #refill(offset: number, length: number): Buffer {
    const wanted = Math.min(Math.max(length, readAhead), this.size - offset);
    // A new one each time: a page that is being looked at stays as it is while pages below it are read.
    const chunk = Buffer.allocUnsafeSlow(wanted);
    const got = readSync(this.#descriptor, chunk, 0, wanted, offset);
    if (got < length) throw new Error(`it cannot be read at byte ${offset}`);
    this.#chunk = chunk.subarray(0, got);
    this.#chunkStart = offset;
    return this.#chunk.subarray(0, length);
  }
}

/** What the last durable transaction made of the file. */
export function newestMeta(reader: PageReader): Meta {
  const first = metaAt(reader, 0);
  const second = metaAt(reader, first.pageSize);
  if (second.pageSize !== first.pageSize) throw new Error('its two meta pages contradict each other');
  return first.transaction >= second.transaction ? first : second;
}

function metaAt(reader: PageReader, offset: number): Meta {
  const page = reader.read(offset, pageHeader + metaSize);
  if (page.readUInt16LE(18) !== metaFlag || page.readUInt32LE(pageHeader) !== magic) {
    throw new Error(`the meta page at byte ${offset} is damaged`);
  }
  const version = page.readUInt32LE(pageHeader + 4) & 0xffff;
  if (version !== dataVersion) throw new Error(`it has LMDB format ${version}, this program knows ${dataVersion}`);
  const pageSize = page.readUInt32LE(pageHeader + 24);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) {
    throw new Error(`the meta page at byte ${offset} is damaged: page size ${pageSize}`);
  }
  const lastPage = unsigned64(page, pageHeader + 120);
  // The file may be shorter than its last page says (free pages at the end are never written), but not by so much.
  if (lastPage > reader.size) throw new Error(`the meta page at byte ${offset} is damaged: last page ${lastPage}`);
  return {
    pageSize,
    free: treeAt(page, pageHeader + 24),
    main: treeAt(page, pageHeader + 72),
    lastPage: Math.max(lastPage, 1),
    transaction: unsigned64(page, pageHeader + 128),
  };
}

function treeAt(page: Buffer, at: number): Tree {
  return {
    depth: page.readUInt16LE(at + 6),
    branchPages: unsigned64(page, at + 8),
    leafPages: unsigned64(page, at + 16),
    overflowPages: unsigned64(page, at + 24),
    entries: unsigned64(page, at + 32),
    root: unsigned64(page, at + 40),
  };
}

export function unsigned64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
