import { constants, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { beginning, type Link } from './chain.ts';
import { type MacKey, macOf } from './mac.ts';

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
export function readHead(file: string, key: MacKey): FoundHead {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
  try {
    const { mac, ...head } = JSON.parse(text) as Head & { mac: string };
    return macOf(key, '', Buffer.from(JSON.stringify(head))) === mac ? { head } : 'damaged';
  } catch {
    return text.trim() === '' ? 'absent' : 'damaged';
  }
}

/** Writes the head where it lies: that needs no room on the disk, and is done after every batch of records. */
export class HeadFile {
  readonly #handle: FileHandle;
  readonly #key: MacKey;

  private constructor(handle: FileHandle, key: MacKey) {
    this.#handle = handle;
    this.#key = key;
  }

  static async open(file: string, key: MacKey): Promise<HeadFile> {
    return new HeadFile(await open(file, constants.O_RDWR | constants.O_CREAT, 0o600), key);
  }

  async write(head: Head): Promise<void> {
    const text = `${JSON.stringify({ ...head, mac: macOf(this.#key, '', Buffer.from(JSON.stringify(head))) })}\n`;
    const length = Math.ceil(Buffer.byteLength(text) / blockBytes) * blockBytes;
    const block = Buffer.concat([Buffer.from(text), Buffer.alloc(length, ' ')], length);
    await this.#handle.write(block, 0, length, 0);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

export function newHead(path: string): Head {
  return { path, last: beginning, removed: beginning };
}
