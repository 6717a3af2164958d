import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { BerthError, errorFromStatus, isBerthError, type Status } from '../errors/index.ts';

/** What proves who we are, and whom we trust. PEM texts; header values as sent. */
export interface Credentials {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  headers?: Record<string, string>;
  /** `false` accepts any server certificate: only when the kubeconfig says so. */
  rejectUnauthorized?: boolean;
  servername?: string;
  proxyUrl?: string;
}

export interface ConnectionOptions {
  /** `https://host:port`, with a path in front of `/api` when the cluster stands behind a proxy. */
  server: string;
  userAgent: string;
  /** Asked before each request, so that it may renew; called with `true` after a 401. Must cache for itself. */
  credentials(refused: boolean): Promise<Credentials>;
  /** Opens the connections to the server, from another network than this process's, say. Not asked where there is a proxy. */
  dial?: Dial;
  /** Milliseconds in which an answer that is no stream has to begin, and to go on; a minute by default. */
  timeout?: number;
}

/** Opens a TCP connection, or rejects as a socket that cannot connect. */
export type Dial = (to: { host: string; port: number }) => Promise<Socket>;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, beginning with a slash. */
  path: string;
  body?: unknown;
  contentType?: string;
  accept?: string;
  /** No time limits on the body: a watch, or a log that is followed. */
  stream?: boolean;
  signal?: AbortSignal | undefined;
}

/** HTTP to one API server: credentials, pooling, and errors as `BerthError`s. */
export interface Connection {
  /** The answer when its status is 2xx; otherwise rejects with the error of its `Status`. */
  send(request: HttpRequest): Promise<Dispatcher.ResponseData>;
  json(request: HttpRequest): Promise<unknown>;
  /** Ends idle connections and aborts the requests that are still under way. */
  close(): Promise<void>;
}

/** Opens nothing yet; connections are made as requests need them. */
export function connect(options: ConnectionOptions): Connection {
  const { timeout = 60_000 } = options;
  const server = new URL(options.server);
  const prefix = server.pathname.replace(/\/$/, '');
  let agent: { key: string; dispatcher: Dispatcher } | undefined;
  let closed = false;

  async function dispatcherFor(credentials: Credentials): Promise<Dispatcher> {
    const { headers: _, ...transport } = credentials;
    const key = JSON.stringify(transport, (_name, value) => (Buffer.isBuffer(value) ? value.toString() : value));
    if (agent?.key === key) return agent.dispatcher;
    const previous = agent?.dispatcher;
    agent = { key, dispatcher: await newDispatcher(credentials, options.dial) };
    // A certificate was renewed: requests under way finish on the old connections.
    previous?.close().catch(() => undefined);
    return agent.dispatcher;
  }

  async function attempt(request: HttpRequest, refused: boolean): Promise<Dispatcher.ResponseData> {
    if (closed) throw new BerthError('ServiceUnavailable', 'The client was closed', { retryable: false });
    const credentials = await options.credentials(refused);
    const dispatcher = await dispatcherFor(credentials);
    const response = await dispatcher.request({
      origin: server.origin,
      path: prefix + request.path,
      method: request.method,
      headers: {
        'user-agent': options.userAgent,
        accept: request.accept ?? 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        ...credentials.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(request.signal ? { signal: request.signal } : {}),
      headersTimeout: request.stream ? 0 : timeout,
      bodyTimeout: request.stream ? 0 : timeout,
    });
    if (response.statusCode >= 200 && response.statusCode < 300) return response;
    throw await errorOf(response);
  }

  async function send(request: HttpRequest): Promise<Dispatcher.ResponseData> {
    request.signal?.throwIfAborted();
    try {
      return await attempt(request, false);
    } catch (error) {
      request.signal?.throwIfAborted();
      if (isBerthError(error, 'Unauthorized')) return attempt(request, true);
      // A kept connection that the server closed in the same moment: reading again is harmless, writing is not.
      if (request.method === 'GET' && isClosedSocket(error)) {
        return attempt(request, false).catch((again) => Promise.reject(unreachable(again, server, request.signal)));
      }
      throw unreachable(error, server, request.signal);
    }
  }

  return {
    send,
    async json(request) {
      const response = await send(request);
      try {
        return await response.body.json();
      } catch (error) {
        throw unreachable(error, server, request.signal);
      }
    },
    async close() {
      closed = true;
      await agent?.dispatcher.destroy();
    },
  };
}

async function newDispatcher(credentials: Credentials, dial: Dial | undefined): Promise<Dispatcher> {
  const { Agent, buildConnector, ProxyAgent } = await import('undici');
  const tls = {
    ...(credentials.ca === undefined ? {} : { ca: credentials.ca }),
    ...(credentials.cert === undefined ? {} : { cert: credentials.cert }),
    ...(credentials.key === undefined ? {} : { key: credentials.key }),
    ...(credentials.servername === undefined ? {} : { servername: credentials.servername }),
    ...(credentials.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: credentials.rejectUnauthorized }),
  };
  // HTTP/1.1: each watch has a connection of its own, so that none holds up another.
  if (credentials.proxyUrl) return new ProxyAgent({ uri: credentials.proxyUrl, requestTls: tls, allowH2: false });
  const connect = { ...tls, keepAlive: true, timeout: 10_000 };
  if (!dial) return new Agent({ connect, allowH2: false });
  const secure = buildConnector({ ...connect, allowH2: false });
  return new Agent({
    allowH2: false,
    connect(target, done) {
      const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80);
      dial({ host: target.hostname, port }).then(
        (socket) => {
          // A peer that is cut off says nothing: 10 s of silence and ten unanswered questions end a connection.
          socket.setKeepAlive(true, 10_000);
          if (target.protocol === 'https:') secure({ ...target, httpSocket: socket }, done);
          else done(null, socket);
        },
        (error) => done(error, null),
      );
    },
  });
}

async function errorOf(response: Dispatcher.ResponseData): Promise<BerthError> {
  const text = await response.body.text().catch(() => '');
  const status = parseStatus(text) ?? {
    message: text.trim().slice(0, 300) || `the server answered ${response.statusCode}`,
  };
  const error = errorFromStatus(status, response.statusCode);
  const after = Number(response.headers['retry-after']);
  if (!(after > 0) || error.details?.retryAfterSeconds !== undefined) return error;
  return new BerthError(error.code, error.message, { details: { ...error.details, retryAfterSeconds: after } });
}

function parseStatus(text: string): Partial<Status> | undefined {
  try {
    const value: Partial<Status> | null = JSON.parse(text);
    return value?.kind === 'Status' ? value : undefined;
  } catch {
    return undefined;
  }
}

function isClosedSocket(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What an I/O failure means to the caller: the abort's own reason, the `BerthError` as it is, or `ServiceUnavailable`. */
export function unreachable(error: unknown, server: URL | string, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (isBerthError(error)) return error;
  const reason = error instanceof Error ? error.message || (codeOf(error) ?? error.name) : String(error);
  return new BerthError('ServiceUnavailable', `Cannot reach the API server at ${new URL(server).origin}: ${reason}`, {
    cause: error,
  });
}
