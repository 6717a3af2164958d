import { parentPort, workerData } from 'node:worker_threads';
import type { ShippingNews } from '../webhook/index.ts';
import { type Batch, closed, unpacked } from './batch.ts';
import { LogWriter, type WriterOptions, type Written } from './writer.ts';

/** What the thread is given. */
export interface ThreadOptions extends Omit<WriterOptions, 'now'> {
  /** A kubeconfig file that names where events are sent as well. */
  webhook?: string;
}

/** What it says: once, what it found; then, of each batch, what came of it; at last that it is done. */
export type Said =
  | { notices: readonly string[] }
  | { unable: string }
  | { written: Written }
  | { shipping: ShippingNews }
  | 'closed';

/** Begins the thread that keeps the audit log, and sends its events elsewhere where that is wanted. */
const say = (what: Said) => parentPort?.postMessage(what);
const options = workerData as ThreadOptions;

try {
  const shipping = options.webhook === undefined ? undefined : await startShipping(options.webhook);
  const writer = openWriter();
  say({ notices: writer.notices });
  parentPort?.on('message', async (batch: Batch | 'close') => {
    if (batch !== 'close') {
      const events = unpacked(batch);
      say({ written: writer.append(events, batch.missed) });
      shipping?.add(events.map(closed));
      return;
    }
    writer.close();
    await shipping?.close();
    say('closed');
    parentPort?.close();
  });
} catch (error) {
  say({ unable: (error as Error).message });
}

/** What speaks HTTP and reads kubeconfigs is large, and loaded only where it is used. */
async function startShipping(kubeconfig: string) {
  const { openCollector, Shipping } = await import('../webhook/index.ts');
  const collector = await openCollector(kubeconfig);
  const shipping = new Shipping({ post: collector.post, tell: (news) => say({ shipping: news }) });
  return {
    add: (events: readonly Buffer[]) => shipping.add(events),
    close: () => shipping.close().finally(() => collector.close()),
  };
}

function openWriter(): LogWriter {
  try {
    return new LogWriter({ ...options, now: Date.now });
  } catch (cause) {
    throw new Error(`cannot keep the audit log in ${options.path}: ${(cause as Error).message}`, { cause });
  }
}
