import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { beginning, type Link, macOf } from './chain.ts';

/** Kept beside the log, so that a log that ends too early, or begins too late, is found to do so. */
export interface Head {
  /** Of the log that it belongs to. */
  path: string;
  /** The last record that was written. */
  last: Link;
  /** What the oldest record that should be there follows on: those up to it were removed when their time had come. */
  removed: Link;
}

export type FoundHead = { head: Head } | 'absent' | 'damaged';

/** A multiple of this is written each time, so that what is shorter covers what was longer. */
const blockBytes = 512;

/** What a file says, if it is there and is what was written. */
export function readHead(file: string, key: Buffer): FoundHead {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
  try {
    const { mac, ...head } = JSON.parse(text) as Head & { mac: string };
    return macOf(key, '', JSON.stringify(head)) === mac ? { head } : 'damaged';
  } catch {
    return text.trim() === '' ? 'absent' : 'damaged';
  }
}

/** Writes the head where it lies: that needs no room on the disk, and is done after every batch of records. */
export class HeadFile {
  readonly #fd: number;
  readonly #key: Buffer;

  constructor(file: string, key: Buffer) {
    this.#fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
    this.#key = key;
  }

  write(head: Head): void {
    const text = `${JSON.stringify({ ...head, mac: macOf(this.#key, '', JSON.stringify(head)) })}\n`;
    const length = Math.ceil(Buffer.byteLength(text) / blockBytes) * blockBytes;
    writeSync(this.#fd, Buffer.concat([Buffer.from(text), Buffer.alloc(length, ' ')], length), 0, length, 0);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export function newHead(path: string): Head {
  return { path, last: beginning, removed: beginning };
}
