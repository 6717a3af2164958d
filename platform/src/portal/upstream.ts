import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { BerthError } from '@berth/kube/errors';
import type { ClusterConnection, PortalLimits, PortalUser } from './types.ts';

/** All that travels; whatever else a browser or a server sends (cookies, impersonation, hops) stays on its side. */
const requestHeaders = ['accept', 'accept-encoding', 'content-type', 'if-none-match', 'user-agent'];
const responseHeaders = [
  'content-type',
  'content-encoding',
  'content-length',
  'etag',
  'cache-control',
  'retry-after',
  'warning',
  'audit-id',
];
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const firstByteTime = 65_000;

export interface UpstreamRequest {
  method: string;
  target: string;
  headers: Record<string, string | string[]>;
}

/** The connection to one cluster's API server: keeps sockets open, and adds the user's credentials. */
export class Upstream {
  readonly #connection: ClusterConnection;
  readonly #base: URL;
  readonly #agent: HttpAgent;

  constructor(connection: ClusterConnection) {
    this.#connection = connection;
    this.#base = new URL(connection.server);
    const { ca, clientCertificate, clientKey, serverName, skipTlsVerify } = connection;
    this.#agent =
      this.#base.protocol === 'http:'
        ? new HttpAgent({ keepAlive: true })
        : new Agent({
            keepAlive: true,
            ...(ca === undefined ? {} : { ca }),
            ...(clientCertificate === undefined ? {} : { cert: clientCertificate }),
            ...(clientKey === undefined ? {} : { key: clientKey }),
            ...(serverName === undefined ? {} : { servername: serverName }),
            rejectUnauthorized: skipTlsVerify !== true,
          });
  }

  /** Opens a request with the user's rights; nothing is sent before the caller writes or ends it. */
  async open(wanted: UpstreamRequest, user: PortalUser, signal: AbortSignal) {
    const credentials = (await this.#connection.credentials?.(user)) ?? {};
    signal.throwIfAborted();
    const prefix = this.#base.pathname.replace(/\/$/, '');
    const open = this.#base.protocol === 'http:' ? httpRequest : httpsRequest;
    return open({
      agent: this.#agent,
      host: this.#base.hostname.replace(/^\[|\]$/g, ''),
      port: this.#base.port === '' ? undefined : this.#base.port,
      method: wanted.method,
      path: prefix + wanted.target,
      headers: { ...wanted.headers, ...credentials, host: this.#base.host },
      signal,
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

export interface ProxyCall {
  request: IncomingMessage;
  response: ServerResponse;
  target: string;
  user: PortalUser;
  /** Aborted when the session ends or the portal closes. */
  signal: AbortSignal;
  limits: PortalLimits;
}

/** Passes one request on and streams the answer back; ends upstream as soon as the browser has gone. */
export async function proxy(upstream: Upstream, call: ProxyCall): Promise<void> {
  const { request, response, limits } = call;
  const method = request.method ?? 'GET';
  if (!methods.has(method)) throw new BerthError('MethodNotAllowed', `the console does not pass on ${method}`);
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, call.signal]);
  response.on('close', () => gone.abort());
  const body = method === 'GET' || method === 'HEAD' ? undefined : await readBody(request, limits);
  const headers: Record<string, string | string[]> = {};
  for (const name of requestHeaders) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  if (body !== undefined) headers['content-length'] = String(body.length);
  const outgoing = await upstream.open({ method, target: call.target, headers }, call.user, signal);
  const answer = await answerOf(outgoing, body);
  response.statusCode = answer.statusCode ?? 502;
  for (const name of responseHeaders) {
    const value = answer.headers[name];
    if (value !== undefined) response.setHeader(name, value);
  }
  if (answer.headers['cache-control'] === undefined) response.setHeader('cache-control', 'no-store');
  await stream(answer, response, limits.stalledReader, signal);
}

function answerOf(outgoing: ReturnType<typeof httpRequest>, body: Buffer | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.setTimeout(firstByteTime, () => {
      reject(new BerthError('Timeout', 'the Kubernetes API did not answer in time'));
      outgoing.destroy();
    });
    outgoing.on('error', (cause) => reject(unreachable(cause)));
    outgoing.on('response', (answer) => {
      outgoing.setTimeout(0);
      resolve(answer);
    });
    outgoing.end(body);
  });
}

/** Copies with back-pressure. A reader that takes nothing for `stalled` ms loses the stream. */
function stream(from: IncomingMessage, to: ServerResponse, stalled: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const stop = () => {
      clearTimeout(timer);
      from.destroy();
      if (!to.writableFinished) to.destroy();
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
    to.on('close', stop);
    to.on('drain', () => {
      clearTimeout(timer);
      timer = undefined;
      from.resume();
    });
    from.on('data', (chunk: Buffer) => {
      if (to.write(chunk)) return;
      from.pause();
      timer ??= setTimeout(stop, stalled);
    });
    from.on('end', () => to.end());
    from.on('error', stop);
    from.on('close', () => (from.complete ? undefined : stop()));
    to.flushHeaders();
  });
}

/** The whole body, or `RequestEntityTooLarge`, or `Timeout` when it trickles. */
export function readBody(request: IncomingMessage, limits: { requestBody: number; requestTime: number }) {
  return new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (error: BerthError) => {
      clearTimeout(timer);
      request.removeAllListeners('data');
      request.resume();
      reject(error);
    };
    const timer = setTimeout(() => fail(new BerthError('Timeout', 'the request took too long')), limits.requestTime);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.requestBody) {
        fail(new BerthError('RequestEntityTooLarge', `the request is limited to ${limits.requestBody} bytes`));
      } else chunks.push(chunk);
    });
    request.on('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
    request.on('error', () => fail(new BerthError('BadRequest', 'the request broke off')));
    request.on('aborted', () => fail(new BerthError('BadRequest', 'the request broke off')));
  });
}

function unreachable(cause: Error): BerthError {
  const code = 'code' in cause ? ` (${String(cause.code)})` : '';
  return new BerthError('ServiceUnavailable', `the Kubernetes API cannot be reached${code}`, { cause });
}
