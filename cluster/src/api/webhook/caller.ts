import { BerthError, isBerthError } from '@berth/kube/errors';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { Connections } from './connections.ts';
import { type ClientConfig, Endpoints } from './endpoint.ts';
import { isClosedConnection, networkFailure, statusFailure } from './failure.ts';

export interface WebhookRequest {
  /** Sent as JSON. */
  body: unknown;
  timeoutMs: number;
  /** Appended to the address, as `timeout=10s` is by admission. */
  query?: string;
  /** What an answer may be at most. Default: 64 MiB. */
  limitBytes?: number;
  signal?: AbortSignal | undefined;
}

const defaultLimitBytes = 64 * 1024 * 1024;

/** Calls webhooks over HTTPS. One for the whole API server, since its connections are kept. */
export class WebhookCaller {
  readonly endpoints: Endpoints;
  readonly connections = new Connections();

  constructor(storage: ObjectStorage) {
    this.endpoints = new Endpoints(storage);
  }

  /**
   * POSTs `request` to where `config` leads, and answers the JSON that comes back, decoded and unchecked. Rejects with
   * `ServiceUnavailable` (or `Timeout`) whose message says what failed in the words of Kubernetes' own client, such as
   * `Post "https://name.namespace.svc:443/path?timeout=10s": context deadline exceeded`; the caller says before it what
   * it wanted.
   */
  async call(config: ClientConfig, request: WebhookRequest): Promise<unknown> {
    const { origin, path, ca, address } = this.endpoints.named(config);
    const target = withQuery(path, request.query);
    const posted = (why: string, cause: unknown) => {
      const code = isBerthError(cause) ? cause.code : 'ServiceUnavailable';
      return new BerthError(code, `Post "${origin}${target}": ${why}`, { cause });
    };
    const deadline = AbortSignal.timeout(request.timeoutMs);
    const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
    let to: ReturnType<typeof address>;
    try {
      to = address();
    } catch (error) {
      throw posted((error as Error).message, error);
    }
    const body = JSON.stringify(request.body);
    const dispatcher = await this.connections.dispatcher({ ca });
    for (let tries = 1; ; tries++) {
      try {
        const response = await dispatcher.request({
          origin: `https://${to.host.includes(':') ? `[${to.host}]` : to.host}:${to.port}`,
          path: target,
          method: 'POST',
          headers: {
            host: origin.slice('https://'.length),
            'content-type': 'application/json',
            accept: 'application/json, */*',
            'user-agent': 'kube-apiserver-admission',
          },
          body,
          signal,
          // The deadline is the only limit of time.
          headersTimeout: 0,
          bodyTimeout: 0,
        });
        const text = await readAll(response.body, request.limitBytes ?? defaultLimitBytes);
        if (response.statusCode < 200 || response.statusCode > 299) {
          throw new BerthError('ServiceUnavailable', statusFailure(response.statusCode, text));
        }
        return decode(text);
      } catch (error) {
        if (isBerthError(error)) throw error;
        if (deadline.aborted) throw posted('context deadline exceeded', new BerthError('Timeout', 'deadline exceeded'));
        if (request.signal?.aborted) throw posted('context canceled', error);
        // A kept connection may be closed by the other side just as it is used.
        if (tries === 1 && isClosedConnection(error)) continue;
        throw posted(networkFailure(error, to), error);
      }
    }
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    await this.connections.close();
  }
}

function withQuery(path: string, query: string | undefined): string {
  return query === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`;
}

async function readAll(body: AsyncIterable<Buffer>, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // Leaving the loop ends the connection.
    if (length > limitBytes)
      throw new BerthError('ServiceUnavailable', `the answer is larger than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BerthError(
      'ServiceUnavailable',
      `couldn't get version/kind; json parse error: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}
