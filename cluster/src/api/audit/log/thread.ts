import { parentPort, workerData } from 'node:worker_threads';
import { type Batch, unpacked } from './batch.ts';
import { LogWriter, type WriterOptions, type Written } from './writer.ts';

/** What the thread says: once, what it found; then, of each batch, what came of it; at last that it is done. */
export type Said = { notices: readonly string[] } | { unable: string } | { written: Written } | 'closed';

/** Begins the thread that keeps the audit log. */
const say = (what: Said) => parentPort?.postMessage(what);
try {
  const writer = new LogWriter({ ...(workerData as Omit<WriterOptions, 'now'>), now: Date.now });
  say({ notices: writer.notices });
  parentPort?.on('message', (batch: Batch | 'close') => {
    if (batch !== 'close') return say({ written: writer.append(unpacked(batch), batch.missed) });
    writer.close();
    say('closed');
    parentPort?.close();
  });
} catch (error) {
  say({ unable: (error as Error).message });
}
