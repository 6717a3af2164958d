import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Counter, Histogram, Metrics } from '../observe/metrics.ts';
import { formatTraceparent } from '../observe/trace-context.ts';
import { Span, type SpanSink } from '../observe/tracing.ts';
import { HttpError } from './http-error.ts';

export interface CallOptions {
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The span of the request that this call is made for. */
  readonly parent: Span;
  /** Whether it may be sent again when its outcome is unknown. GET may; POST only with an idempotency key. */
  readonly idempotent?: boolean;
}

export interface CallResult {
  readonly status: number;
  /** The answer's JSON; not yet checked. */
  readonly body: unknown;
}

/** Calls to one other service. Answers below 500 are results; what stays wrong after the retries is HttpError 502 or 504. */
export interface Upstream {
  readonly name: string;
  call(path: string, options: CallOptions): Promise<CallResult>;
  /** Whether the service answers at all: for readiness. */
  reachable(): Promise<boolean>;
  close(): void;
}

export interface UpstreamMetrics {
  readonly duration: Histogram;
  readonly retries: Counter;
}

export function upstreamMetrics(metrics: Metrics): UpstreamMetrics {
  return {
    duration: metrics.histogram(
      'http_client_request_duration_seconds',
      'Time of calls to other services, each attempt, in seconds.',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    ),
    retries: metrics.counter('http_client_retries_total', 'Calls to other services that were tried again.'),
  };
}

const attemptMs = 2_500;
const attempts = 3;
/** For calls that never arrived: nobody is hurt by trying longer, and a pod that is replaced is back in seconds. */
const attemptsUndelivered = 7;
const undelivered = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ENOTFOUND']);
const longestPauseMs = 1_000;
const totalMs = 6_000;
const answerLimit = 1024 * 1024;

export function upstream(name: string, baseUrl: string, metrics: UpstreamMetrics, spans: SpanSink): Upstream {
  // Idle connections are dropped after a second: a server that stops goes on serving for longer than that, so that
  // every kept connection is either told to close or already gone when it does.
  const agent = new Agent({ keepAlive: true, timeout: 1_000, maxSockets: 64, scheduling: 'lifo' });
  const base = new URL(baseUrl);

  const attempt = async (path: string, options: CallOptions): Promise<CallResult> => {
    const method = options.method ?? 'GET';
    const span = new Span(method, 'client', options.parent.context, spans);
    span.set({ 'http.request.method': method, 'url.full': new URL(path, base).href, 'peer.service': name });
    span.set({ 'server.address': base.hostname, 'server.port': Number(base.port || 80) });
    const started = performance.now();
    let code = 'error';
    try {
      const result = await exchange(
        new URL(path, base),
        method,
        agent,
        {
          ...(options.headers ?? {}),
          traceparent: formatTraceparent(span.context),
          ...(span.context.state !== undefined && { tracestate: span.context.state }),
        },
        options.body,
      );
      code = String(result.status);
      span.set({ 'http.response.status_code': result.status });
      if (result.status >= 400) span.fail(`status ${code}`);
      return result;
    } catch (error) {
      span.fail(error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      metrics.duration.observe({ upstream: name, code }, (performance.now() - started) / 1000);
      span.end();
    }
  };

  return {
    name,
    async call(path, options) {
      const repeatable = options.idempotent ?? (options.method ?? 'GET') === 'GET';
      const deadline = performance.now() + totalMs;
      for (let round = 1; ; round += 1) {
        const outcome = await attempt(path, options).then(
          (result) =>
            result.status < 500 ? { result } : { error: new HttpError(502, `${name} answered ${result.status}`) },
          (cause: unknown) => ({ error: unreachable(name, cause), arrived: !isUndelivered(cause) }),
        );
        if ('result' in outcome) return outcome.result;
        const arrived = !('arrived' in outcome) || outcome.arrived;
        const pause = Math.min(50 * 2 ** round, longestPauseMs) * (0.5 + Math.random());
        const mayRepeat = arrived ? repeatable && round < attempts : round < attemptsUndelivered;
        if (!mayRepeat || performance.now() + pause > deadline) throw outcome.error;
        metrics.retries.add({ upstream: name });
        await delay(pause);
      }
    },
    async reachable() {
      try {
        const { status } = await exchange(new URL('/healthz', base), 'GET', agent, {}, undefined, 1_000);
        return status === 200;
      } catch {
        return false;
      }
    },
    close: () => agent.destroy(),
  };
}

function unreachable(name: string, cause: unknown): HttpError {
  const late = cause instanceof Error && cause.name === 'TimeoutError';
  return new HttpError(late ? 504 : 502, late ? `${name} took too long` : `${name} cannot be reached`, { cause });
}

function isUndelivered(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && undelivered.has(String(cause.code));
}

async function exchange(
  url: URL,
  method: string,
  agent: Agent,
  headers: Readonly<Record<string, string>>,
  body: unknown,
  limitMs = attemptMs,
): Promise<CallResult> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  const sent: Record<string, string> = { accept: 'application/json', ...headers };
  if (content !== undefined) sent['content-type'] = 'application/json';
  const signal = AbortSignal.timeout(limitMs);
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(url, { method, agent, headers: sent, signal });
    request.once('response', resolve);
    request.once('error', (error) => reject(signal.aborted ? signal.reason : error));
    request.end(content);
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > answerLimit) throw new Error(`the answer is larger than ${answerLimit} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  const isJson = message.headers['content-type']?.startsWith('application/json') ?? false;
  return { status: message.statusCode ?? 0, body: isJson ? JSON.parse(text) : text };
}
