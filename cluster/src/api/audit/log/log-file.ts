import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { Link } from './chain.ts';
import { endOf } from './files.ts';

/** The file that lines are appended to: whole ones, or none. For its owner only. */
export class LogFile {
  /** The last record that was found in it. */
  readonly last: Link | undefined;
  /** Bytes of a line that was not finished, which were removed. */
  readonly removed: number;
  readonly #path: string;
  #fd: number;
  #size: number;
  /** Whether the file may end with a part of what could not be written. */
  #isTorn = false;

  constructor(path: string) {
    const end = endOf(path) ?? { size: 0, whole: 0, link: undefined };
    this.#path = path;
    this.#fd = openSync(path, 'a', 0o600);
    fchmodSync(this.#fd, 0o600);
    if (end.whole < end.size) ftruncateSync(this.#fd, end.whole);
    this.#size = end.whole;
    this.removed = end.size - end.whole;
    this.last = end.link;
  }

  get size(): number {
    return this.#size;
  }

  /** Throws what the disk says; then nothing of it is there. */
  write(bytes: Buffer): void {
    this.#mend();
    this.#isTorn = true;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
      this.#isTorn = false;
    } finally {
      this.#mend();
    }
    this.#size += bytes.length;
  }

  /** Whether somebody took the file away; then goes on in a new one, since what is written to a removed file is gone with it. */
  wasTaken(): boolean {
    const there = statSync(this.#path, { throwIfNoEntry: false });
    if (there?.ino === fstatSync(this.#fd).ino) return false;
    this.#reopen();
    this.#size = there?.size ?? 0;
    this.#isTorn = false;
    return true;
  }

  /** Gives the file another name and begins a new one. When that is not possible, goes on with it. */
  finish(name: string): void {
    this.#mend();
    fsyncSync(this.#fd);
    renameSync(this.#path, name);
    try {
      this.#reopen();
    } catch (error) {
      renameSync(name, this.#path);
      throw error;
    }
    this.#size = 0;
  }

  close(): void {
    try {
      this.#mend();
      fsyncSync(this.#fd);
    } finally {
      closeSync(this.#fd);
    }
  }

  #reopen(): void {
    const fd = openSync(this.#path, 'a', 0o600);
    closeSync(this.#fd);
    this.#fd = fd;
  }

  #mend(): void {
    if (this.#isTorn) ftruncateSync(this.#fd, this.#size);
    this.#isTorn = false;
  }
}
