import { setImmediate } from 'node:timers/promises';
import { BerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import type { AuditSink, EventText, Json } from '../sink.ts';
import type { Shipping, ShippingNews } from '../webhook/index.ts';
import type { LogLimits } from './files.ts';
import { closed, opened } from './opened.ts';
import type { AuditPlace } from './place.ts';
import { LogWriter, type Written } from './writer.ts';

export interface AuditLogOptions extends AuditPlace {
  limits: LogLimits;
  /** A kubeconfig file that names where events are sent as well. */
  webhook?: string;
  logger: Logger;
}

/** Bytes of events that may wait for the disk; more are lost. */
const mostWaiting = 64 * 1024 * 1024;
/** Bytes of events that are put together at a time, which takes a few milliseconds. */
const batchBytes = 256 * 1024;
/** Milliseconds between two words on lost records. */
const sayEvery = 60_000;

/** Counts since the start. */
export interface AuditLogCounts {
  written: number;
  lost: number;
  /** Not sent to where events are sent as well. */
  unsent: number;
}

/** Opens the audit log; rejects with a `BerthError` when that is not possible. */
export async function openAuditLog({ webhook, ...options }: AuditLogOptions): Promise<AuditLog> {
  const { logger, path } = options;
  let writer: LogWriter;
  try {
    writer = await LogWriter.open({ ...options, now: Date.now });
  } catch (cause) {
    const why = (cause as Error).message;
    throw new BerthError('ServiceUnavailable', `cannot keep the audit log in ${path}: ${why}`, { cause });
  }
  for (const notice of writer.notices) logger.warn(notice);
  const log = new AuditLog(writer, logger);
  if (webhook === undefined) return log;
  try {
    // What reads kubeconfigs is large, and loaded only where it is used.
    const { shippingTo } = await import('../webhook/index.ts');
    log.ship(await shippingTo(webhook, (news) => log.hear(news)));
    return log;
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** The audit log's file. What is written goes to the disk in turn, and nobody waits for it. */
export class AuditLog implements AuditSink {
  readonly counts: AuditLogCounts = { written: 0, lost: 0, unsent: 0 };
  readonly #writer: LogWriter;
  readonly #logger: Logger;
  #shipping: Shipping | undefined;
  #waiting: EventText[] = [];
  #waitingBytes = 0;
  /** Lost since the last batch, for want of room here. */
  #missed = 0;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #isLosing = false;
  /** Lost, and not told of yet. */
  #untold = 0;
  /** Until when nothing more is said of it: a disk that comes and goes must not fill the other log. */
  readonly #quiet = { said: 0, told: 0 };

  constructor(writer: LogWriter, logger: Logger) {
    this.#writer = writer;
    this.#logger = logger;
  }

  get lost(): Readonly<Record<string, number>> {
    return { log: this.counts.lost, ...(this.#shipping ? { webhook: this.counts.unsent } : {}) };
  }

  /** Sends all events there as well. */
  ship(shipping: Shipping): void {
    this.#shipping = shipping;
  }

  hear({ message, isGood, lost }: ShippingNews): void {
    this.counts.unsent = lost;
    this.#logger[isGood ? 'warn' : 'error']({ lost }, message);
  }

  write(event: EventText): void {
    // Who still asks while everything ends is answered by nobody.
    if (this.#isClosed) return;
    const size = sizeOf(event);
    if (this.#waitingBytes + size > mostWaiting) {
      this.#missed++;
      this.#lose(1, 'the disk is too slow');
      return;
    }
    this.#waiting.push(event);
    this.#waitingBytes += size;
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    await this.#running;
    this.#isClosed = true;
    this.#tellLoss();
    await this.#writer.close();
    await this.#shipping?.close();
  }

  /** What is written in one turn of the event loop goes together, and nothing waits longer than that and the disk take. */
  async #run(): Promise<void> {
    await setImmediate();
    while (this.#waiting.length > 0) {
      const events = this.#take().map(opened);
      const missed = this.#missed;
      this.#missed = 0;
      this.#shipping?.add(events.map(closed));
      this.#tell(await this.#writer.append(events, missed));
    }
    this.#running = undefined;
  }

  #take(): EventText[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && bytes < batchBytes) bytes += sizeOf(this.#waiting[count++] as EventText);
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  #tell({ records, lost, error, notice }: Written): void {
    this.counts.written += records;
    if (notice !== undefined) this.#logger.warn(notice);
    if (error !== undefined) this.#lose(lost, error);
    else if (this.#isLosing && records > 0) {
      this.#isLosing = false;
      if (performance.now() >= this.#quiet.told) this.#tellLoss();
    }
  }

  /** Said once, until it goes well again. */
  #lose(records: number, why: string): void {
    this.counts.lost += records;
    this.#untold += records;
    if (this.#isLosing) return;
    this.#isLosing = true;
    if (performance.now() < this.#quiet.said) return;
    this.#quiet.said = performance.now() + sayEvery;
    this.#logger.error({ why }, 'the audit log cannot be written: records are lost until it can');
  }

  #tellLoss(): void {
    if (this.#untold === 0) return;
    this.#quiet.told = performance.now() + sayEvery;
    this.#logger.warn({ lost: this.#untold }, 'the audit log is written again; records were lost meanwhile');
    this.#untold = 0;
  }
}

function sizeOf({ head, request, response, tail }: EventText): number {
  return head.length + lengthOf(request) + lengthOf(response) + tail.length;
}

function lengthOf(json: Json | undefined): number {
  if (json === undefined || typeof json === 'string') return json?.length ?? 0;
  let length = 0;
  for (const part of json) length += part.length;
  return length;
}
