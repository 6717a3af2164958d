import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { Response } from './respond.ts';
import type { StalledStream, UnreadBudget } from './unread.ts';

/** What one client may leave unread before it is sent no more: each byte of it is held twice, since TLS makes its own. */
const unreadLimit = 32 * 1024;
/** How long a client may take nothing at all of what waits for it. */
const patienceMs = 60_000;
/** How long the rest may take to leave once nothing comes after it. */
const farewellMs = 10_000;

export type PacedBody = Response | Writable;

/**
 * The body of an endless answer, sent at the client's own pace: whoever writes asks `ready` first, and is told by
 * `onReady`. Frames are not copied; a large one is handed on in pieces.
 */
export class PacedStream implements StalledStream {
  readonly #response: ServerResponse;
  readonly #budget: UnreadBudget;
  readonly #onReady: () => void;
  readonly #onClosed: () => void;
  /** Of a large frame, what has not been handed on yet. */
  #rest: Buffer | undefined;
  #isStalled = false;
  #isEnded = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(response: PacedBody, budget: UnreadBudget, { onReady, onClosed }: PacedStreamEvents) {
    this.#response = response as ServerResponse;
    this.#budget = budget;
    this.#onReady = onReady;
    this.#onClosed = onClosed;
    response.on('close', () => this.#closed());
  }

  /** Whether another frame may be written. */
  ready(): boolean {
    return !this.#isStalled && !this.#isEnded;
  }

  write(frame: Buffer): void {
    if (this.#isEnded) return;
    if (this.#rest !== undefined) this.#rest = Buffer.concat([this.#rest, frame]);
    else if (this.#isStalled) this.#rest = frame;
    else this.#send(frame);
  }

  /** Sends what was written, then nothing more. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#settle();
    if (this.#rest !== undefined) this.#response.write(this.#rest);
    this.#rest = undefined;
    this.#response.end();
    const timer = setTimeout(() => this.#response.destroy(), farewellMs);
    timer.unref();
    this.#response.once('close', () => clearTimeout(timer));
  }

  cutOff(): void {
    this.#rest = undefined;
    this.#response.destroy();
    this.#closed();
  }

  #send(frame: Buffer): void {
    const piece = frame.length > unreadLimit ? frame.subarray(0, unreadLimit) : frame;
    if (piece.length < frame.length) this.#rest = frame.subarray(unreadLimit);
    if (this.#rest === undefined && this.#unread() + piece.length < unreadLimit) {
      this.#response.write(piece);
      return;
    }
    this.#isStalled = true;
    this.#response.write(piece, () => this.#taken());
    this.#budget.stalled(this, this.#unread());
    this.#patience = setTimeout(() => this.cutOff(), patienceMs);
    this.#patience.unref();
  }

  /** Everything that was handed on has left. */
  #taken(): void {
    if (this.#isEnded) return;
    this.#settle();
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#send(rest);
    if (!this.#isStalled) this.#onReady();
  }

  #settle(): void {
    this.#isStalled = false;
    clearTimeout(this.#patience);
    this.#budget.flowing(this);
  }

  #closed(): void {
    this.#isEnded = true;
    this.#rest = undefined;
    this.#settle();
    this.#onClosed();
  }

  /** An HTTP/2 response keeps what is unread in its stream. */
  #unread(): number {
    const stream = (this.#response as { stream?: { writableLength: number } }).stream;
    return (stream ?? this.#response).writableLength;
  }
}

export interface PacedStreamEvents {
  onReady(): void;
  /** The client has gone, or was cut off. */
  onClosed(): void;
}
