import { Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kube/errors';
import { badRequest } from '../faults.ts';
import { type Conversion, convert } from './convert.ts';

/** Texts up to this length take less than the 10 ms that one request may hold all others. */
const inlineLength = 2048;
const limitMs = 20_000;
const waiting = 64;

interface Result {
  text?: string;
  problem?: string;
}

/**
 * Reads and writes YAML without holding up everybody else: a megabyte of it takes seconds, so all but small texts go to
 * a thread, one at a time. The thread begins with the first of them.
 */
export class Yaml {
  #thread: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;

  /** The value that the text stands for. Throws `BadRequest`, or `TooManyRequests` when too many are waiting. */
  async parse(text: string): Promise<unknown> {
    return JSON.parse(await this.#convert('toJson', text));
  }

  /** JSON as YAML. */
  async fromJson(json: string): Promise<string> {
    return await this.#convert('toYaml', json);
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  async #convert(conversion: Conversion, text: string): Promise<string> {
    if (text.length <= inlineLength) return this.#inline(conversion, text);
    if (this.#pending >= waiting) {
      const details = { retryAfterSeconds: 1 };
      throw new BerthError('TooManyRequests', 'too much YAML is waiting to be read: send JSON', { details });
    }
    this.#pending++;
    const turn = this.#last.then(() => this.#inThread(conversion, text));
    this.#last = turn.catch(() => {});
    try {
      return textOf(await turn);
    } finally {
      this.#pending--;
    }
  }

  #inline(conversion: Conversion, text: string): string {
    try {
      return convert(conversion, text);
    } catch (error) {
      return textOf({ problem: (error as Error).message });
    }
  }

  async #inThread(conversion: Conversion, text: string): Promise<Result> {
    this.#thread ??= new Worker(new URL('./thread.ts', import.meta.url));
    const thread = this.#thread;
    thread.unref();
    const { promise, resolve } = Promise.withResolvers<Result>();
    const broken = (problem: string) => {
      if (this.#thread === thread) this.#thread = undefined;
      void thread.terminate();
      resolve({ problem });
    };
    const failed = (error: unknown) => broken(`YAML cannot be read: ${(error as Error).message}`);
    const ended = () => broken('YAML cannot be read: its reader ended');
    const timer = setTimeout(() => broken(`the YAML takes longer than ${limitMs / 1000} s: send JSON`), limitMs);
    thread.once('message', resolve).once('error', failed).once('exit', ended);
    thread.postMessage({ conversion, text });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      thread.off('message', resolve).off('error', failed).off('exit', ended);
    }
  }
}

function textOf({ text, problem }: Result): string {
  if (text !== undefined) return text;
  throw badRequest(`the object provided is unrecognized: ${problem ?? ''}`);
}
