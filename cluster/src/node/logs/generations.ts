import { watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** Files that may wait, opened, for a reader who is slow; beyond it the oldest of them are given up. */
const mostWaiting = 5;

/** The files that stand under one name one after the other, as a log is rotated. */
export interface Generations {
  /** The one to be read; undefined as long as there is none. */
  readonly current: FileHandle | undefined;
  /** Looks whether there is another; answers whether one waits behind the current. */
  look(): Promise<boolean>;
  /** Closes the current one for the next. */
  advance(): Promise<void>;
  /** How many changes there were of whatever stands under the name. */
  count(): number;
  /** Resolves when something changed after `seen` changes. */
  after(seen: number): Promise<void>;
  wake(): void;
  close(): Promise<void>;
}

/**
 * Follows a name. Each file is opened as soon as it is there, so that it may be put aside, compressed and removed while an earlier one is
 * still being read.
 */
export async function openGenerations(file: string, signal: AbortSignal): Promise<Generations> {
  const opened: { handle: FileHandle; ino: bigint }[] = [];
  let changes = 0;
  let isClosed = false;
  let resolve = () => {};
  let looking: Promise<void> = Promise.resolve();
  const wake = () => {
    changes++;
    resolve();
  };
  const lookOnce = async () => {
    const present = await stat(file, { bigint: true }).catch(() => undefined);
    if (isClosed || !present || opened.at(-1)?.ino === present.ino) return;
    const handle = await open(file, 'r').catch(() => undefined);
    if (!handle) return;
    const { ino } = await handle.stat({ bigint: true });
    if (isClosed || opened.at(-1)?.ino === ino) {
      await handle.close();
      return;
    }
    opened.push({ handle, ino });
    if (opened.length > mostWaiting + 1) await opened.splice(1, 1)[0]?.handle.close();
  };
  /** One after the other: two at a time would open the same file twice. */
  const look = async () => {
    looking = looking.then(lookOnce);
    await looking;
    return opened.length > 1;
  };
  const name = basename(file);
  const watcher = watch(dirname(file), (type, changed) => {
    if (changed !== null && changed !== name) return;
    if (type === 'rename') void look().then(wake, wake);
    else wake();
  });
  watcher.on('error', wake);
  signal.addEventListener('abort', wake, { once: true });
  await look();
  return {
    get current() {
      return opened[0]?.handle;
    },
    look,
    async advance() {
      await opened.shift()?.handle.close();
    },
    count: () => changes,
    after: (seen) =>
      changes > seen
        ? Promise.resolve()
        : new Promise((done) => {
            resolve = done;
          }),
    wake,
    async close() {
      isClosed = true;
      signal.removeEventListener('abort', wake);
      watcher.close();
      await looking;
      for (const { handle } of opened) await handle.close();
    },
  };
}
