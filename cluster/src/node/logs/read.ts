import { watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Readable } from 'node:stream';
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
  return Readable.from(limited(entries(options), options), { objectMode: false });
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

/** The file's lines in batches; with `follow`, as they are written, through rotations. */
async function* entries(options: ReadOptions): AsyncIterable<string[]> {
  const { file, follow, signal } = options;
  const changes = follow ? changesOf(file, signal) : undefined;
  let over = false;
  void options.ended.then(() => {
    over = true;
    changes?.wake();
  });
  let handle = await open(file, 'r').catch(() => undefined);
  try {
    // Who does not follow sees what was there when they asked, however fast it grows meanwhile.
    const size = (await handle?.stat())?.size ?? 0;
    const bound = follow ? Number.POSITIVE_INFINITY : size;
    let at = handle && options.tailLines !== undefined ? await tailOffset(handle, options.tailLines, size) : 0;
    // Kept as bytes: a chunk may end within a character.
    let rest: Buffer = Buffer.alloc(0);
    while (!signal.aborted) {
      // Asked before reading: what is written before the end is read after it is known.
      const last = over;
      const seen = changes?.count() ?? 0;
      if (handle) {
        for (;;) {
          const length = Math.min(chunkSize, bound - at);
          if (length <= 0) break;
          const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
          if (bytesRead === 0) break;
          at += bytesRead;
          const known = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
          const end = known.lastIndexOf('\n') + 1;
          rest = known.subarray(end);
          if (end > 0) yield known.toString('utf8', 0, end - 1).split('\n');
        }
      }
      if (!changes || last) return;
      const moved = await replaced(file, handle);
      if (moved) {
        await handle?.close();
        [handle, at, rest] = [await open(file, 'r').catch(() => undefined), 0, Buffer.alloc(0)];
        continue;
      }
      await changes.after(seen);
    }
  } finally {
    changes?.close();
    await handle?.close();
  }
}

/** Whether another file stands under the name: the log was rotated, or has come into being. */
async function replaced(file: string, handle: FileHandle | undefined): Promise<boolean> {
  const present = await stat(file).catch(() => undefined);
  if (!present) return false;
  return !handle || (await handle.stat()).ino !== present.ino;
}

/** Tells of changes to the file by the kernel's notification; the directory is watched, since files are replaced. */
function changesOf(file: string, signal: AbortSignal) {
  let count = 0;
  let resolve = () => {};
  const wake = () => {
    count++;
    resolve();
  };
  const name = basename(file);
  const watcher = watch(dirname(file), (_, changed) => {
    if (changed === null || changed === name) wake();
  });
  watcher.on('error', wake);
  signal.addEventListener('abort', wake, { once: true });
  return {
    count: () => count,
    /** Resolves when something changed after `seen` changes. */
    after: (seen: number) =>
      count > seen
        ? Promise.resolve()
        : new Promise<void>((done) => {
            resolve = done;
          }),
    wake,
    close() {
      signal.removeEventListener('abort', wake);
      watcher.close();
    },
  };
}
