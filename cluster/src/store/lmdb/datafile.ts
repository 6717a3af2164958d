import { closeSync, openSync } from 'node:fs';
import { type Meta, newestMeta, PageReader, pageHeader, type Tree, unsigned64 } from './pages.ts';

const nodeHeader = 8;
const branchFlag = 0x01;
const leafFlag = 0x02;
const overflowFlag = 0x04;
const bigData = 0x01;
const noPage = 2 ** 63;

type Visit = (key: Buffer, value: Buffer) => void;

/**
 * Visits every entry of an LMDB file's main database, in the order of the keys; `key` and `value` must not be kept.
 * Throws an `Error` that says what is wrong when the file is not whole: meta pages, page headers, bounds of nodes, order of
 * keys, counts, and that no page is used twice, or free and in use.
 *
 * LMDB itself trusts its file: it maps it and follows whatever page numbers it finds there, so that a truncated or
 * overwritten file ends the process with a signal. Nothing of LMDB may be started before this has passed.
 */
export function readDataFile(file: string, visit: Visit): void {
  const descriptor = openSync(file, 'r');
  try {
    const reader = new PageReader(descriptor);
    const meta = newestMeta(reader);
    const claimed = new Uint8Array(meta.lastPage + 1);
    claim(claimed, 0, 2);
    new TreeWalk(reader, meta, claimed, Buffer.compare, visit).run(meta.main);
    const free: Buffer[] = [];
    const keepFree = (_key: Buffer, value: Buffer) => void free.push(Buffer.from(value));
    new TreeWalk(reader, meta, claimed, compareIntegers, keepFree).run(meta.free);
    for (const list of free) claimFree(claimed, list);
  } finally {
    closeSync(descriptor);
  }
}

class TreeWalk {
  readonly #reader: PageReader;
  readonly #meta: Meta;
  readonly #claimed: Uint8Array;
  readonly #compare: (one: Buffer, other: Buffer) => number;
  readonly #visit: Visit;
  readonly #counted = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 };
  #lastKey: Buffer | undefined;

  constructor(
    reader: PageReader,
    meta: Meta,
    claimed: Uint8Array,
    compare: (one: Buffer, other: Buffer) => number,
    visit: Visit,
  ) {
    this.#reader = reader;
    this.#meta = meta;
    this.#claimed = claimed;
    this.#compare = compare;
    this.#visit = visit;
  }

  run(tree: Tree): void {
    if (tree.root < noPage) this.#page(tree.root, tree.depth);
    for (const name of ['branchPages', 'leafPages', 'overflowPages', 'entries'] as const) {
      if (this.#counted[name] !== tree[name]) {
        throw new Error(`it has ${this.#counted[name]} ${name}, its meta page says ${tree[name]}`);
      }
    }
  }

  #page(number: number, depth: number): void {
    claim(this.#claimed, number, 1);
    const { pageSize } = this.#meta;
    const page = this.#reader.read(number * pageSize, pageSize);
    this.#checkHeader(page, number, depth > 1 ? branchFlag : leafFlag);
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    if (lower % 2 !== 0 || lower > upper || upper > pageSize - pageHeader) throw damagedPage(number);
    if (depth > 1) this.#counted.branchPages++;
    else this.#counted.leafPages++;
    for (let at = pageHeader; at < pageHeader + lower; at += 2) {
      const node = page.readUInt16LE(at) + pageHeader;
      if (node < upper || node + nodeHeader > pageSize) throw damagedPage(number);
      if (depth > 1) this.#page(childOf(page, node), depth - 1);
      else this.#entry(page, node, number);
    }
  }

  #entry(page: Buffer, node: number, number: number): void {
    const size = page.readUInt32LE(node);
    const flags = page.readUInt16LE(node + 4);
    const keyStart = node + nodeHeader;
    const valueStart = keyStart + page.readUInt16LE(node + 6);
    const inPage = flags === bigData ? 24 : size;
    if ((flags !== 0 && flags !== bigData) || valueStart + inPage > page.byteLength) throw damagedPage(number);
    const key = page.subarray(keyStart, valueStart);
    if (this.#lastKey !== undefined && this.#compare(this.#lastKey, key) >= 0) throw damagedPage(number);
    this.#lastKey = key;
    this.#counted.entries++;
    const value = page.subarray(valueStart, valueStart + inPage);
    this.#visit(key, flags === bigData ? this.#overflow(value, size) : value);
  }

  /** A value that has pages of its own. */
  #overflow(reference: Buffer, size: number): Buffer {
    const first = unsigned64(reference, 0);
    const pages = unsigned64(reference, 16);
    const { pageSize } = this.#meta;
    if (pages !== Math.ceil((pageHeader + size) / pageSize)) throw damagedPage(first);
    claim(this.#claimed, first, pages);
    const bytes = this.#reader.read(first * pageSize, pageHeader + size);
    this.#checkHeader(bytes, first, overflowFlag);
    if (bytes.readUInt32LE(20) !== pages) throw damagedPage(first);
    this.#counted.overflowPages += pages;
    return bytes.subarray(pageHeader);
  }

  #checkHeader(page: Buffer, number: number, flag: number): void {
    const wrong =
      unsigned64(page, 0) !== number || unsigned64(page, 8) > this.#meta.transaction || page.readUInt16LE(18) !== flag;
    if (wrong) throw damagedPage(number);
  }
}

function childOf(page: Buffer, node: number): number {
  return page.readUInt32LE(node) + page.readUInt16LE(node + 4) * 2 ** 32;
}

function compareIntegers(one: Buffer, other: Buffer): number {
  return unsigned64(one, 0) - unsigned64(other, 0);
}

/**
 * One record of free pages: their count, then page numbers; a negative number is the length of a run whose lowest page
 * follows, 0 is a gap (`mdb_midl_print` in the package's midl.c).
 */
function claimFree(claimed: Uint8Array, list: Buffer): void {
  const count = unsigned64(list, 0);
  if ((count + 1) * 8 > list.byteLength) throw new Error('its list of free pages is damaged');
  let run = 1;
  for (let at = 8; at <= count * 8; at += 8) {
    const number = list.readInt32LE(at + 4) * 2 ** 32 + list.readUInt32LE(at);
    if (number < 0) {
      run = -number;
      continue;
    }
    if (number > 0) claim(claimed, number, run);
    run = 1;
  }
}

function claim(claimed: Uint8Array, first: number, pages: number): void {
  if (first + pages > claimed.byteLength) throw new Error(`page ${first} lies beyond its last page`);
  for (let number = first; number < first + pages; number++) {
    if (claimed[number] !== 0) throw new Error(`page ${number} is used twice`);
    claimed[number] = 1;
  }
}

function damagedPage(number: number): Error {
  return new Error(`page ${number} is damaged`);
}
