import { Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kube/errors';
import type { Conversion, Converted } from './convert.ts';

/** Either what came out, or a sentence about what went wrong. */
export type Result = { converted: Converted } | { problem: string; isTooLong?: boolean };

export interface LaneLimits {
  /** What one text may take, in milliseconds. */
  limitMs: number;
  /** Characters that may wait at the same time. */
  waiting: number;
}

/** Memory that a text may unfold into. */
const resourceLimits = { maxOldGenerationSizeMb: 512 };

/** A thread that converts one text after the other; one that takes too long is ended, and the next text gets a new one. */
export class Lane {
  readonly #conversion: Conversion;
  readonly #limits: LaneLimits;
  #thread: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(conversion: Conversion, limits: LaneLimits) {
    this.#conversion = conversion;
    this.#limits = limits;
  }

  /** Rejects with `TooManyRequests` when too much is waiting already. */
  async convert(text: string): Promise<Result> {
    if (this.#waiting > 0 && this.#waiting + text.length > this.#limits.waiting) {
      const details = { retryAfterSeconds: 1 };
      throw new BerthError('TooManyRequests', 'too much YAML is waiting to be read: send JSON', { details });
    }
    this.#waiting += text.length;
    const turn = this.#last.then(() => this.#inThread(text));
    this.#last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#waiting -= text.length;
    }
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  async #inThread(text: string): Promise<Result> {
    this.#thread ??= new Worker(new URL('./thread.ts', import.meta.url), { resourceLimits });
    const thread = this.#thread;
    thread.unref();
    const { limitMs } = this.#limits;
    const { promise, resolve } = Promise.withResolvers<Result>();
    const broken = (result: Result) => {
      if (this.#thread === thread) this.#thread = undefined;
      void thread.terminate();
      resolve(result);
    };
    const failed = (error: unknown) => broken({ problem: `YAML cannot be read: ${(error as Error).message}` });
    const ended = () => broken({ problem: 'YAML cannot be read: its reader ended' });
    const tooLong = { problem: `the YAML takes longer than ${limitMs / 1000} s: send JSON`, isTooLong: true };
    const timer = setTimeout(() => broken(tooLong), limitMs);
    thread.once('message', resolve).once('error', failed).once('exit', ended);
    thread.postMessage({ conversion: this.#conversion, text });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      thread.off('message', resolve).off('error', failed).off('exit', ended);
    }
  }
}
