import { rm } from 'node:fs/promises';
import { type Link, seal, sealedBytes } from './chain.ts';
import { backupName, backupsOf, finishedAt, type LogLimits } from './files.ts';
import { type FoundLog, findLog, lastOf } from './found.ts';
import type { Head, HeadFile } from './head.ts';
import type { LogFile } from './log-file.ts';
import type { MacKey } from './mac.ts';
import type { AuditPlace } from './place.ts';

export interface WriterOptions extends AuditPlace {
  limits: LogLimits;
  /** Milliseconds since 1970. */
  now(): number;
}

/** What a batch came to. */
export interface Written {
  /** Records that are in the file now. */
  records: number;
  /** Records that could not be written, and why. */
  lost: number;
  error?: string;
  /** What somebody should know besides. */
  notice?: string;
}

/** Lines that are written together. */
interface Chunk {
  lines: Buffer[];
  size: number;
  last: Link;
}

/** How often files that have become too old are looked for, in milliseconds. */
const pruneEvery = 3_600_000;
/** About as many bytes are made lines of at a time, which takes a few milliseconds. */
const chunkBytes = 256 * 1024;

/**
 * Appends records to the log's file, each chained to the one before, and begins another file when it is full. What it
 * cannot write is lost, and the next record that is written says how many those were. One call at a time.
 */
export class LogWriter {
  /** What was found at the start that somebody should know. */
  readonly notices: readonly string[];
  readonly #options: WriterOptions;
  readonly #key: MacKey;
  readonly #file: LogFile;
  readonly #headFile: HeadFile;
  #head: Head;
  /** Whether it was said that the file cannot be finished. */
  #isStuck = false;
  #lost = 0;
  #pruned = 0;

  private constructor(options: WriterOptions, { key, file, headFile, head, notices }: FoundLog) {
    this.#options = options;
    this.#key = key;
    this.#file = file;
    this.#headFile = headFile;
    this.#head = head;
    this.notices = notices;
  }

  /** Opens the log, and makes what is not there yet. Rejects with what the disk says. */
  static async open(options: WriterOptions): Promise<LogWriter> {
    const writer = new LogWriter(options, await findLog(options));
    await writer.#keepHead();
    await writer.#prune();
    return writer;
  }

  /** Writes events, each open for what seals it; `missed` are those that did not even get here. Never rejects. */
  async append(events: readonly Buffer[], missed: number): Promise<Written> {
    const written: Written = { records: 0, lost: 0 };
    this.#lost += missed;
    if (this.#options.now() - this.#pruned > pruneEvery) await this.#tryPrune(written);
    let chunk = this.#emptyChunk();
    for (const event of events) {
      const size = event.length + sealedBytes;
      if (chunk.size > chunkBytes || this.#isFull(chunk.size + size)) {
        await this.#flush(chunk, written);
        if (this.#isFull(size)) await this.#tryRotate(written);
        chunk = this.#emptyChunk();
      }
      const open = chunk.lines.length === 0 && this.#lost > 0 ? withLoss(event, this.#lost) : event;
      const { line, link } = seal(this.#key, chunk.last, open);
      chunk.lines.push(line);
      chunk.size += line.length;
      chunk.last = link;
    }
    await this.#flush(chunk, written);
    if (written.records > 0) await this.#keepHead();
    return written;
  }

  async close(): Promise<void> {
    try {
      await this.#file.close();
    } finally {
      await this.#headFile.close();
    }
  }

  async #flush({ lines, size, last }: Chunk, written: Written): Promise<void> {
    if (lines.length === 0) return;
    try {
      const wasTaken = await this.#file.wasTaken();
      if (wasTaken) written.notice = `${this.#options.path} was moved or removed while it was written`;
      await this.#file.write(Buffer.concat(lines, size));
      this.#head = { ...this.#head, last };
      this.#lost = 0;
      written.records += lines.length;
    } catch (error) {
      this.#lost += lines.length;
      written.lost += lines.length;
      written.error = (error as Error).message;
    }
  }

  #emptyChunk(): Chunk {
    return { lines: [], size: 0, last: this.#head.last };
  }

  #isFull(more: number): boolean {
    const { size } = this.#file;
    return size > 0 && size + more > this.#options.limits.maxSize;
  }

  /** The head is for finding faults; records count without it. */
  async #keepHead(): Promise<void> {
    try {
      await this.#headFile.write(this.#head);
    } catch {
      // Written again with the next records. Until then it tells of fewer than there are, which is no fault.
    }
  }

  /** A file that cannot be finished goes on being written. */
  async #tryRotate(written: Written): Promise<void> {
    const { path, now } = this.#options;
    try {
      // Names go by the millisecond; no file takes another's, and none stands before an older one.
      const newest = (await backupsOf(path)).at(-1);
      const at = newest === undefined ? now() : Math.max(now(), finishedAt(path, newest) + 1);
      await this.#file.finish(backupName(path, new Date(at)));
      this.#isStuck = false;
    } catch (error) {
      if (!this.#isStuck) written.notice = `${path} cannot be finished, and grows: ${(error as Error).message}`;
      this.#isStuck = true;
      return;
    }
    await this.#tryPrune(written);
  }

  async #tryPrune(written: Written): Promise<void> {
    try {
      await this.#prune();
    } catch (error) {
      written.notice = `old files of ${this.#options.path} cannot be removed: ${(error as Error).message}`;
    }
  }

  async #prune(): Promise<void> {
    const { path, now, limits } = this.#options;
    this.#pruned = now();
    const all = await backupsOf(path);
    const excess = limits.maxBackups > 0 ? Math.max(0, all.length - limits.maxBackups) : 0;
    const oldest = limits.maxAge > 0 ? now() - limits.maxAge : Number.NEGATIVE_INFINITY;
    const over = all.filter((file, index) => index < excess || finishedAt(path, file) < oldest);
    if (over.length === 0) return;
    // First the note, then the deed: what is there longer than it need be is no fault.
    this.#head = { ...this.#head, removed: (await lastOf(over)) ?? this.#head.removed };
    await this.#keepHead();
    for (const file of over) await rm(file, { force: true });
  }
}

function withLoss(event: Buffer, lost: number): Buffer {
  return Buffer.concat([event, Buffer.from(`"audit.berth.dev/lost":"${lost}",`)]);
}
