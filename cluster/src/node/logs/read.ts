import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { openGenerations } from './generations.ts';
import { parseLogLine } from './line.ts';
import { tailOffset } from './tail.ts';

export interface ReadOptions {
  file: string;
  follow: boolean;
  timestamps: boolean;
  tailLines?: number;
  limitBytes?: number;
  /** Milliseconds since the epoch; earlier lines are left out. */
  since?: number;
  signal: AbortSignal;
  /** Resolves when the container has ended, so that nothing more will be written. */
  ended: Promise<void>;
}

const chunkSize = 64 * 1024;

/** A container's log as `kubectl logs` shows it. A file that is not there (yet) is an empty log. */
export function readLog(options: ReadOptions): Readable {
  return Readable.from(limited(options.follow ? followed(options) : present(options), options), { objectMode: false });
}

/** Entries to text: times dropped or kept, early ones left out, the whole cut at `limitBytes`. */
async function* limited(lines: AsyncIterable<string[]>, options: ReadOptions): AsyncIterable<Buffer> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  // A stamp belongs before a line, not before the further parts of a long one.
  let within = false;
  for await (const batch of lines) {
    const parts: string[] = [];
    for (const raw of batch) {
      const line = parseLogLine(raw);
      if (!line || (options.since !== undefined && Date.parse(line.time) < options.since)) continue;
      parts.push(options.timestamps && !within ? `${line.time} ` : '', line.text, line.partial ? '' : '\n');
      within = line.partial;
    }
    const text = Buffer.from(parts.join(''));
    if (text.length === 0) continue;
    yield text.length > left ? text.subarray(0, left) : text;
    left -= text.length;
    if (left <= 0) return;
  }
}

/** The lines of what stands there now, in batches, however fast it grows meanwhile. */
async function* present({ file, tailLines, signal }: ReadOptions): AsyncIterable<string[]> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return;
  try {
    const { size } = await handle.stat();
    const at = tailLines === undefined ? 0 : await tailOffset(handle, tailLines, size);
    yield* new LineReader(handle, at).read(signal, size);
  } finally {
    await handle.close();
  }
}

/** The lines as they are written, through rotations, until the container has ended. */
async function* followed(options: ReadOptions): AsyncIterable<string[]> {
  const { file, tailLines, signal } = options;
  const files = await openGenerations(file, signal);
  let over = false;
  void options.ended.then(() => {
    over = true;
    files.wake();
  });
  try {
    const first = files.current;
    const at = first && tailLines !== undefined ? await tailOffset(first, tailLines, (await first.stat()).size) : 0;
    let reader = first && new LineReader(first, at);
    let hasWaited = false;
    while (!signal.aborted) {
      // Asked before reading: what is written before the end, or before a rotation, is read after it is known.
      const last = over;
      const seen = files.count();
      const isReplaced = await files.look();
      if (!reader && files.current) reader = new LineReader(files.current, 0);
      if (reader) yield* reader.read(signal);
      if (isReplaced && !hasWaited) {
        await delay(lateWrites, undefined, { signal }).catch(() => undefined);
        hasWaited = true;
      } else if (isReplaced) {
        await files.advance();
        reader = files.current && new LineReader(files.current, 0);
        hasWaited = false;
      } else if (last) return;
      else await files.after(seen);
    }
  } finally {
    await files.close();
  }
}

/** Milliseconds: the runtime opens the new file first, and then ends to write what it has in hand to the one put aside. */
const lateWrites = 100;

class LineReader {
  readonly #handle: FileHandle;
  #at: number;
  /** Kept as bytes: a chunk may end within a character. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(handle: FileHandle, at: number) {
    this.#handle = handle;
    this.#at = at;
  }

  /** The whole lines from where it stands to the end, or to `bound`. */
  async *read(signal: AbortSignal, bound = Number.POSITIVE_INFINITY): AsyncIterable<string[]> {
    while (!signal.aborted) {
      const length = Math.min(chunkSize, bound - this.#at);
      if (length <= 0) return;
      const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(length), 0, length, this.#at);
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      const known = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
      const end = known.lastIndexOf('\n') + 1;
      this.#rest = known.subarray(end);
      if (end > 0) yield known.toString('utf8', 0, end - 1).split('\n');
    }
  }
}
