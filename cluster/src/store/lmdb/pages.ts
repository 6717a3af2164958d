import { fstatSync, readSync } from 'node:fs';

/*
 * The pages of an LMDB data file (format 2, as the `lmdb` package writes it), by plain reads.
 * Layout: `MDB_page`, `MDB_meta` and `MDB_db` in that package's mdb.c.
 */

const magic = 0xbeefc0de;
const dataVersion = 2;
const metaFlag = 0x08;
const metaSize = 160;
/** Bytes read at once, and how many such pieces are kept: pages of one time lie near each other, in any order. */
const chunkSize = 64 * 1024;
const chunksKept = 128;

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
  /** Least recently used first. */
  readonly #chunks = new Map<number, Buffer>();

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  /** `length` bytes at `offset`. They stay as they are for as long as they are looked at. */
  read(offset: number, length: number): Buffer {
    if (offset + length > this.size) {
      throw new Error(`it is truncated: ${this.size} bytes, byte ${offset + length} is in use`);
    }
    const chunk = Math.floor(offset / chunkSize) * chunkSize;
    const from = offset - chunk;
    if (from + length > chunkSize) return this.#fetch(offset, length);
    return this.#chunk(chunk).subarray(from, from + length);
  }

  #chunk(start: number): Buffer {
    const found = this.#chunks.get(start);
    if (found !== undefined) {
      this.#chunks.delete(start);
      this.#chunks.set(start, found);
      return found;
    }
    const chunk = this.#fetch(start, Math.min(chunkSize, this.size - start));
    const [oldest] = this.#chunks.keys();
    if (this.#chunks.size >= chunksKept && oldest !== undefined) this.#chunks.delete(oldest);
    this.#chunks.set(start, chunk);
    return chunk;
  }

  #fetch(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    if (readSync(this.#descriptor, bytes, 0, length, offset) < length) {
      throw new Error(`it cannot be read at byte ${offset}`);
    }
    return bytes;
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
