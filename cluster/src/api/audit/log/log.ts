import { Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import type { AuditSink, EventText, Json } from '../sink.ts';
import { packed } from './batch.ts';
import type { LogLimits } from './files.ts';
import type { AuditPlace } from './place.ts';
import type { Said } from './thread.ts';
import type { Written } from './writer.ts';

export interface AuditLogOptions extends AuditPlace {
  limits: LogLimits;
  /** A kubeconfig file that names where events are sent as well. */
  webhook?: string;
  logger: Logger;
}

/** Bytes of events that may wait for the disk; more are lost. */
const mostWaiting = 64 * 1024 * 1024;
/** Bytes that are handed over at a time, which takes a few milliseconds. */
const batchBytes = 2 * 1024 * 1024;

/** Milliseconds between two words on lost records. */
const sayEvery = 60_000;

/** Counts since the start. */
export interface AuditLogCounts {
  written: number;
  lost: number;
  /** Not sent to where events are sent as well. */
  unsent: number;
}

/**
 * The audit log's file, kept by a thread: nobody here waits for the disk. Opens it, which rejects with a `BerthError` when
 * that is not possible.
 */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const { logger, ...writing } = options;
  const thread = new Worker(new URL('./thread.ts', import.meta.url), { workerData: writing });
  const said = await new Promise<Said>((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
  });
  if (typeof said === 'object' && 'notices' in said) {
    for (const notice of said.notices) logger.warn(notice);
    return new AuditLog(thread, logger);
  }
  await thread.terminate();
  const why = typeof said === 'object' && 'unable' in said ? said.unable : 'the thread of the audit log ended';
  throw new BerthError('ServiceUnavailable', why);
}

export class AuditLog implements AuditSink {
  readonly counts: AuditLogCounts = { written: 0, lost: 0, unsent: 0 };
  readonly #thread: Worker;
  readonly #logger: Logger;
  #waiting: EventText[] = [];
  #waitingBytes = 0;
  /** Lost since the last batch, for want of room here. */
  #missed = 0;
  #isBusy = false;
  #isPlanned = false;
  #isLosing = false;
  /** Lost, and not told of yet. */
  #untold = 0;
  /** Until when nothing more is said of it: a disk that comes and goes must not fill the other log. */
  readonly #quiet = { said: 0, told: 0 };
  #isBroken = false;
  #isClosed = false;
  #closing: { done: () => void } | undefined;

  constructor(thread: Worker, logger: Logger) {
    this.#thread = thread;
    this.#logger = logger;
    thread.on('message', (said: Said) => this.#hear(said));
    thread.on('error', (error) => this.#broken(error));
    thread.on('exit', () => this.#broken(new Error('it ended')));
    thread.unref();
  }

  get lost(): Readonly<Record<string, number>> {
    return { log: this.counts.lost, webhook: this.counts.unsent };
  }

  write(event: EventText): void {
    // Who still asks while everything ends is answered by nobody.
    if (this.#isClosed) return;
    const size = sizeOf(event);
    if (this.#isBroken || this.#waitingBytes + size > mostWaiting) {
      this.#missed++;
      this.#lose(1, this.#isBroken ? 'its thread ended' : 'the disk is too slow');
      return;
    }
    this.#waiting.push(event);
    this.#waitingBytes += size;
    this.#plan();
  }

  async close(): Promise<void> {
    if (this.#isBroken) return;
    await new Promise<void>((done) => {
      this.#closing = { done };
      this.#thread.ref();
      this.#plan();
    });
    await this.#thread.terminate();
    this.#tellLoss();
  }

  /** What is written in one turn of the event loop goes together, and nothing waits longer than that. */
  #plan(): void {
    if (this.#isBusy || this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      if (!this.#isBusy && !this.#isBroken) this.#handOver();
    });
  }

  #handOver(): void {
    if (this.#waiting.length === 0) {
      if (this.#closing) this.#thread.postMessage('close');
      return;
    }
    const events = this.#take();
    const batch = packed(events, this.#missed);
    this.#missed = 0;
    this.#isBusy = true;
    this.#thread.postMessage(batch, [batch.bytes]);
  }

  #take(): EventText[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && bytes < batchBytes) bytes += sizeOf(this.#waiting[count++] as EventText);
    this.#waitingBytes -= bytes;
    const taken = this.#waiting;
    this.#waiting = count === taken.length ? [] : taken.slice(count);
    taken.length = count;
    return taken;
  }

  #hear(said: Said): void {
    if (said === 'closed') {
      this.#isClosed = true;
      this.#closing?.done();
    } else if ('shipping' in said) {
      const { message, isGood, lost } = said.shipping;
      this.counts.unsent = lost;
      this.#logger[isGood ? 'warn' : 'error']({ lost }, message);
    } else if ('written' in said) {
      this.#isBusy = false;
      this.#tell(said.written);
      if (this.#waiting.length > 0 || this.#closing) this.#plan();
    }
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

  #broken(error: unknown): void {
    if (this.#isBroken || this.#isClosed) return;
    this.#isBroken = true;
    this.#logger.error({ err: error }, 'the thread of the audit log ended');
    this.#lose(this.#waiting.length, 'its thread ended');
    this.#waiting = [];
    this.#closing?.done();
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
