import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { BerthError } from '@berth/kube/errors';
import { badRequest } from '../faults.ts';

export type Request = IncomingMessage | Http2ServerRequest;

export interface BodyLimits {
  /** From the first byte to the last, in milliseconds in which this process has nothing else to do. Default: a minute. */
  bodyMs: number;
  /** Bytes that all bodies which are still on their way may hold together. Default: 256 MiB. */
  bodyBytes: number;
}

const defaultLimits: BodyLimits = { bodyMs: 60_000, bodyBytes: 256 * 1024 * 1024 };
const limitBytes = 3 * 1024 * 1024;

/** Reads bodies of requests: each bounded in size and time, all of them together in memory. */
export class BodyReader {
  readonly #limits: BodyLimits;
  #held = 0;

  constructor(limits: Partial<BodyLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /**
   * The whole body. Throws `RequestEntityTooLarge` beyond 3 MiB, `UnsupportedMediaType` for one that is compressed,
   * `Timeout` when it does not come in time, `TooManyRequests` when too many are coming, `BadRequest` when it ends early.
   */
  read(request: Request): Promise<Buffer> {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      const message = `the body of the request is encoded as ${encoding}: bodies are taken without content-encoding`;
      return Promise.reject(new BerthError('UnsupportedMediaType', message));
    }
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) return Promise.reject(tooLarge());
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const done = (settle: () => void) => {
        stopPatience();
        this.#held -= length;
        length = 0;
        chunks.length = 0;
        request.off('data', take).off('end', end).off('error', fail).off('close', close);
        settle();
      };
      const fail = (error: unknown) => done(() => reject(error));
      const take = (chunk: Buffer) => {
        length += chunk.length;
        this.#held += chunk.length;
        chunks.push(chunk);
        if (length > limitBytes) fail(tooLarge());
        else if (this.#held > this.#limits.bodyBytes) fail(tooMany());
      };
      const end = () => {
        const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
        done(() => resolve(body));
      };
      const close = () => fail(badRequest('the connection ended within the body'));
      const late = () => fail(new BerthError('Timeout', 'the body did not arrive in time'));
      const stopPatience = startPatience(this.#limits.bodyMs, late);
      request.on('data', take).on('end', end).on('error', fail).on('close', close);
    });
  }
}

const looks = 10;
/** However busy this process is: so many times the patience at most. */
const longest = 10;

/** Calls `over` after this many milliseconds of spare time: where a body waits only because nobody reads it, its client is not late. */
function startPatience(ms: number, over: () => void): () => void {
  const [each, began] = [ms / looks, performance.now()];
  let left = looks;
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    left -= 1 - performance.eventLoopUtilization(before).utilization;
    before = performance.eventLoopUtilization();
    // The last look counts as well, of which a little was spent on other things.
    if (left < 0.5 || performance.now() - began > longest * ms) over();
  }, each);
  return () => clearInterval(timer);
}

function tooLarge(): BerthError {
  return new BerthError('RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`);
}

function tooMany(): BerthError {
  const details = { retryAfterSeconds: 1 };
  return new BerthError('TooManyRequests', 'too many large bodies are on their way', { details });
}

/** How long, and for how many bytes, a client may go on with a body that was refused before it hears no more. */
const most = { ms: 10_000, bytes: 64 * 1024 * 1024 };

/**
 * After an answer that came before the body did: lets the client finish, so that it gets to read the answer, and ends the
 * connection (HTTP/1.1) or stream of one that does not.
 */
export function drain(request: Request): void {
  if (request.complete || request.destroyed) return;
  let bytes = 0;
  const finish = () => {
    clearTimeout(timer);
    request.off('data', count);
  };
  const abandon = () => {
    finish();
    request.destroy();
  };
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > most.bytes) abandon();
  };
  const timer = setTimeout(abandon, most.ms);
  timer.unref();
  request.on('data', count).once('end', finish).once('close', finish);
}
