import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { beginning, type Link, seal, sealedBytes } from './chain.ts';
import { backupName, backupsOf, endOf, finishedAt, type LogLimits } from './files.ts';
import { type Head, HeadFile, newHead, readHead } from './head.ts';
import { LogFile } from './log-file.ts';
import { type AuditPlace, makeKey, readKey } from './place.ts';

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

/** How often files that have become too old are looked for, in milliseconds. */
const pruneEvery = 3_600_000;
/** About as many bytes are written at a time. */
const chunkBytes = 1024 * 1024;

/**
 * Appends records to the log's file, each chained to the one before, and begins another file when it is full. What it
 * cannot write is lost, and the next record that is written says how many those were. Blocks: it belongs in a thread.
 */
export class LogWriter {
  /** What was found at the start that somebody should know. */
  readonly notices: string[] = [];
  readonly #options: WriterOptions;
  readonly #key: Buffer;
  readonly #headFile: HeadFile;
  #head: Head;
  readonly #file: LogFile;
  /** Whether it was said that the file cannot be finished. */
  #isStuck = false;
  #lost = 0;
  #pruned = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { path, keyFile, headFile } = options;
    for (const file of [path, keyFile]) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#key = this.#openKey();
    const found = readHead(headFile, this.#key);
    if (found === 'damaged') this.notices.push(`${headFile} is damaged: whether records are missing is not known`);
    const former = typeof found === 'object' ? found.head : newHead(path);
    this.#file = new LogFile(path);
    const { removed, last, size } = this.#file;
    if (removed > 0)
      this.notices.push(`${path} ended with ${removed} bytes of a record that was not finished: removed`);
    this.#head = this.#headAfter(former, size > 0 ? last : lastOf(backupsOf(path)));
    this.#headFile = new HeadFile(headFile, this.#key);
    this.#keepHead();
    this.#prune();
  }

  /** Writes events, each open for what seals it; `missed` are those that did not even get here. */
  append(events: readonly Buffer[], missed: number): Written {
    this.#lost += missed;
    if (this.#options.now() - this.#pruned > pruneEvery) this.#prune();
    const written: Written = { records: 0, lost: 0 };
    let chunk = this.#emptyChunk();
    const flush = () => {
      if (chunk.lines.length === 0) return;
      try {
        if (this.#file.wasTaken()) written.notice = `${this.#options.path} was moved or removed while it was written`;
        this.#file.write(Buffer.concat(chunk.lines, chunk.size));
        this.#head = { ...this.#head, last: chunk.last };
        this.#lost = 0;
        written.records += chunk.lines.length;
      } catch (error) {
        this.#lost += chunk.lines.length;
        written.lost += chunk.lines.length;
        written.error = (error as Error).message;
      }
      chunk = this.#emptyChunk();
    };
    for (const event of events) {
      const size = event.length + sealedBytes;
      if (chunk.size > chunkBytes || this.#isFull(chunk.size + size)) flush();
      if (this.#isFull(size)) this.#tryRotate(written);
      const open = chunk.lines.length === 0 && this.#lost > 0 ? withLoss(event, this.#lost) : event;
      const { line, link } = seal(this.#key, chunk.last, open);
      chunk.lines.push(line);
      chunk.size += line.length;
      chunk.last = link;
    }
    flush();
    if (written.records > 0) this.#keepHead();
    return written;
  }

  close(): void {
    try {
      this.#file.close();
    } finally {
      this.#headFile.close();
    }
  }

  #openKey(): Buffer {
    const { path, keyFile } = this.#options;
    const key = readKey(keyFile);
    if (key) return key;
    if (endOf(path)?.size) this.notices.push(`${keyFile} is gone: what ${path} holds cannot be verified any more`);
    return makeKey(keyFile);
  }

  /** Records are counted on from the last that was written, though it may be gone: then a gap tells of it. */
  #headAfter(former: Head, last: Link = beginning): Head {
    const { path } = this.#options;
    if (former.path !== path) return { path, last: former.last, removed: former.last };
    if (last.sequence >= former.last.sequence) return { ...former, last };
    const missing = former.last.sequence - last.sequence;
    this.notices.push(`${path} is without its last ${missing} records, as after a power cut or when somebody cut it`);
    return former;
  }

  #emptyChunk() {
    return { lines: [] as Buffer[], size: 0, last: this.#head.last };
  }

  #isFull(more: number): boolean {
    const { size } = this.#file;
    return size > 0 && size + more > this.#options.limits.maxSize;
  }

  /** The head is for finding faults; records count without it. */
  #keepHead(): void {
    try {
      this.#headFile.write(this.#head);
    } catch {
      // Written again with the next records. Until then it tells of fewer than there are, which is no fault.
    }
  }

  /** A file that cannot be finished goes on being written. */
  #tryRotate(written: Written): void {
    const { path, now } = this.#options;
    try {
      this.#file.finish(backupName(path, new Date(this.#nextBackup(now()))));
      this.#isStuck = false;
      this.#prune();
    } catch (error) {
      if (!this.#isStuck) written.notice = `${path} cannot be finished, and grows: ${(error as Error).message}`;
      this.#isStuck = true;
    }
  }

  /** Names go by the millisecond; no file takes another's, and none stands before an older one. */
  #nextBackup(now: number): number {
    const { path } = this.#options;
    const newest = backupsOf(path).at(-1);
    return newest === undefined ? now : Math.max(now, finishedAt(path, newest) + 1);
  }

  #prune(): void {
    const { path, now, limits } = this.#options;
    this.#pruned = now();
    const all = backupsOf(path);
    const excess = limits.maxBackups > 0 ? Math.max(0, all.length - limits.maxBackups) : 0;
    const oldest = limits.maxAge > 0 ? now() - limits.maxAge : Number.NEGATIVE_INFINITY;
    const over = all.filter((file, index) => index < excess || finishedAt(path, file) < oldest);
    if (over.length === 0) return;
    // First the note, then the deed: what is there longer than it need be is no fault.
    this.#head = { ...this.#head, removed: lastOf(over) ?? this.#head.removed };
    this.#keepHead();
    for (const file of over) rmSync(file, { force: true });
  }
}

/** The last record of some files, oldest first. */
function lastOf(files: readonly string[]): Link | undefined {
  for (const file of files.toReversed()) {
    const link = endOf(file)?.link;
    if (link) return link;
  }
  return undefined;
}

function withLoss(event: Buffer, lost: number): Buffer {
  return Buffer.concat([event, Buffer.from(`"audit.berth.dev/lost":"${lost}",`)]);
}
