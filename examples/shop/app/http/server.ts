import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { changedKnobs, type Knobs, suffer } from '../knobs.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { parseTraceparent } from '../observe/trace-context.ts';
import { Span, type SpanSink } from '../observe/tracing.ts';
import { readForm, readJson } from './body.ts';
import { HttpError } from './http-error.ts';
import { jsonReply, type Match, matchRoute, type Reply, type Route, type ShopRequest } from './route.ts';

export interface ServerOptions {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly metrics: Metrics;
  readonly log: Log;
  readonly spans: SpanSink;
  readonly knobs: Knobs;
  /** Says what is missing to serve requests; undefined when all is there. */
  readonly missing: () => Promise<string | undefined>;
  /** How an error is shown; JSON when left out. */
  readonly errorReply?: (error: HttpError, request: Pick<ShopRequest, 'headers' | 'path'>) => Reply;
}

export interface RunningServer {
  readonly url: string;
  /**
   * Stops without losing a request: says "not ready" and goes on serving for `delayMs`, so that the cluster takes this
   * pod out of its Services; every answer meanwhile closes its connection; then finishes what is open, at most
   * `limitMs`.
   */
  stop(delayMs: number, limitMs?: number): Promise<void>;
}

const durationBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Starts a service with what all of them have: health, metrics, knobs, spans, a log line for what went wrong. */
export async function startServer(options: ServerOptions, port: number): Promise<RunningServer> {
  const { metrics, log } = options;
  let knobs = options.knobs;
  let stopping = false;
  let open = 0;
  const duration = metrics.histogram(
    'http_request_duration_seconds',
    'Time from the first byte of a request to the last of its answer, in seconds.',
    durationBuckets,
  );
  const requests = metrics.counter('http_requests_total', 'Requests answered.');
  metrics.gauge('http_requests_in_flight', 'Requests being answered.', () => open);

  // Answered at once whatever the knobs say: an operator must see and stop the trouble that was asked for.
  const operations: Route[] = [
    { method: 'GET', path: '/healthz', handle: () => ({ body: 'ok\n' }) },
    { method: 'GET', path: '/readyz', handle: () => readiness(stopping, options.missing) },
    {
      method: 'GET',
      path: '/metrics',
      handle: () => ({ type: 'text/plain; version=0.0.4; charset=utf-8', body: metrics.expose() }),
    },
    { method: 'GET', path: '/knobs', handle: () => jsonReply(knobs) },
    {
      method: 'PUT',
      path: '/knobs',
      async handle(request) {
        knobs = changedKnobs(knobs, await request.json());
        log('info', 'knobs changed', { knobs });
        return jsonReply(knobs);
      },
    },
  ];

  const answer = async (message: IncomingMessage, response: ServerResponse) => {
    const started = performance.now();
    const method = message.method ?? 'GET';
    const parent = parseTraceparent(message.headers.traceparent as string | undefined, stateOf(message));
    const span = new Span(method, 'server', parent, options.spans);
    const url = parsedUrl(message.url ?? '/');
    let route = 'none';
    let reply: Reply;
    let measured = true;
    try {
      if (url === undefined) throw new HttpError(400, 'the address is malformed');
      const match = findRoute(operations, options.routes, method, url.pathname);
      measured = !operations.includes(match.route);
      route = match.route.path;
      span.name = `${method} ${route}`;
      if (measured) await suffer(knobs);
      reply = await match.route.handle(requestOf(message, url, match, span));
    } catch (thrown) {
      const error = asHttpError(thrown);
      if (error.status >= 500) {
        span.fail(error.message);
        const cause = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
        log('error', `${method} ${route} failed: ${error.message}`, { traceId: span.context.traceId, cause });
      }
      const path = url?.pathname ?? '/';
      reply = (options.errorReply ?? jsonError)(error, { headers: message.headers, path });
      reply = { ...reply, headers: { ...error.headers, ...reply.headers } };
    }
    const status = reply.status ?? 200;
    send(message, response, reply, stopping);
    await finished(response);
    if (!measured) return;
    const labels = { method: knownMethod(method), route, code: String(status) };
    requests.add(labels);
    duration.observe(labels, (performance.now() - started) / 1000);
    span.set({
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      'url.path': url?.pathname ?? '',
    });
    span.end();
  };

  const server = createServer(
    // Clients drop their idle connections long before, so that none meets one that was closed under it.
    { keepAliveTimeout: 65_000, headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16 * 1024 },
    (message, response) => {
      open += 1;
      answer(message, response)
        .catch((error: unknown) => {
          log('error', 'an answer failed', { cause: String(error) });
          response.destroy();
        })
        .finally(() => {
          open -= 1;
        });
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve());
  });
  const { port: bound } = server.address() as AddressInfo;
  log('info', 'listening', { port: bound });

  return {
    url: `http://127.0.0.1:${bound}`,
    async stop(delayMs, limitMs = 10_000) {
      stopping = true;
      log('info', 'stopping: not ready any more', { delayMs });
      await delay(delayMs);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const limit = setTimeout(() => server.closeAllConnections(), limitMs);
      await closed;
      clearTimeout(limit);
      log('info', 'stopped');
    },
  };
}

function findRoute(operations: readonly Route[], routes: readonly Route[], method: string, path: string): Match {
  return matchRoute([...operations, ...routes], method, path);
}

async function readiness(stopping: boolean, missing: ServerOptions['missing']): Promise<Reply> {
  const reason = stopping ? 'stopping' : await missing();
  return reason === undefined ? { body: 'ready\n' } : { status: 503, body: `not ready: ${reason}\n` };
}

function parsedUrl(target: string): URL | undefined {
  // An origin-form target only; "//host" would otherwise be read as another server's address.
  return target.startsWith('/') ? (URL.parse(`http://localhost${target}`) ?? undefined) : undefined;
}

function stateOf(message: IncomingMessage): string | undefined {
  const state = message.headers.tracestate;
  return typeof state === 'string' ? state : undefined;
}

function requestOf(message: IncomingMessage, url: URL, match: Match, span: Span): ShopRequest {
  return {
    method: message.method ?? 'GET',
    path: url.pathname,
    params: match.params,
    query: url.searchParams,
    headers: message.headers,
    span,
    json: () => readJson(message),
    form: () => readForm(message),
  };
}

function asHttpError(thrown: unknown): HttpError {
  return thrown instanceof HttpError ? thrown : new HttpError(500, 'an unexpected error', { cause: thrown });
}

function jsonError(error: HttpError): Reply {
  return jsonReply({ error: error.message }, error.status);
}

function send(message: IncomingMessage, response: ServerResponse, reply: Reply, stopping: boolean): void {
  const body = Buffer.from(reply.body ?? '');
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.setHeader('x-content-type-options', 'nosniff');
  if (body.length > 0) response.setHeader('content-type', reply.type ?? 'text/plain; charset=utf-8');
  if (reply.status !== 304) response.setHeader('content-length', body.length);
  // A body that was refused unread would be taken for the next request of the connection.
  if (stopping || !message.complete) response.setHeader('connection', 'close');
  response.writeHead(reply.status ?? 200);
  response.end(message.method === 'HEAD' ? undefined : body);
}

function finished(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.writableFinished || response.destroyed) resolve();
    else response.once('finish', resolve).once('close', resolve);
  });
}

/** Anyone can invent a method; a label value for each would fill the memory. */
function knownMethod(method: string): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].includes(method) ? method : 'other';
}
