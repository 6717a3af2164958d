import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import type { Link } from './chain.ts';
import { endOf, type FileEnd } from './files.ts';

/** The file that lines are appended to: whole ones, or none. For its owner only; one call at a time. */
export class LogFile {
  /** The last record that was found in it. */
  readonly last: Link | undefined;
  /** Bytes of a line that was not finished, which were removed. */
  readonly removed: number;
  readonly #path: string;
  #handle: FileHandle;
  #size: number;
  /** Whether the file may end with a part of what could not be written. */
  #isTorn = false;

  private constructor(path: string, handle: FileHandle, end: FileEnd) {
    this.#path = path;
    this.#handle = handle;
    this.#size = end.whole;
    this.removed = end.size - end.whole;
    this.last = end.link;
  }

  static async open(path: string): Promise<LogFile> {
    const end = (await endOf(path)) ?? { size: 0, whole: 0, link: undefined };
    const handle = await open(path, 'a', 0o600);
    await handle.chmod(0o600);
    if (end.whole < end.size) await handle.truncate(end.whole);
    return new LogFile(path, handle, end);
  }

  get size(): number {
    return this.#size;
  }

  /** Rejects with what the disk says; then nothing of it is there. */
  async write(bytes: Buffer): Promise<void> {
    await this.#mend();
    this.#isTorn = true;
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten;
      this.#isTorn = false;
    } finally {
      await this.#mend();
    }
    this.#size += bytes.length;
  }

  /** Whether somebody took the file away; then goes on in a new one, since what is written to a removed file is gone with it. */
  async wasTaken(): Promise<boolean> {
    const there = await stat(this.#path).catch(() => undefined);
    if (there?.ino === (await this.#handle.stat()).ino) return false;
    await this.#reopen();
    this.#size = there?.size ?? 0;
    this.#isTorn = false;
    return true;
  }

  /** Gives the file another name and begins a new one. When that is not possible, goes on with it, and rejects. */
  async finish(name: string): Promise<void> {
    await this.#mend();
    await this.#handle.sync();
    await rename(this.#path, name);
    try {
      await this.#reopen();
    } catch (error) {
      await rename(name, this.#path);
      throw error;
    }
    this.#size = 0;
  }

  async close(): Promise<void> {
    try {
      await this.#mend();
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
  }

  async #reopen(): Promise<void> {
    const former = this.#handle;
    this.#handle = await open(this.#path, 'a', 0o600);
    await former.close();
  }

  async #mend(): Promise<void> {
    if (this.#isTorn) await this.#handle.truncate(this.#size);
    this.#isTorn = false;
  }
}
