import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BerthError } from '@berth/kube/errors';
import { Assets } from './assets.ts';
import { findSession, handle, type PortalState } from './handler.ts';
import { isOwnOrigin } from './security.ts';
import { Sessions } from './sessions.ts';
import { FailureThrottle } from './throttle.ts';
import { defaultLimits, type Portal, type PortalOptions } from './types.ts';
import { passUpgrade, refuse } from './upgrade.ts';
import { Upstream } from './upstream.ts';

const idleConnection = 15 * 60_000;
const sweepEvery = 60_000;

/**
 * Serves the console for one cluster, whichever it is. Over TLS it speaks HTTP/2, so that a browser's watches do not
 * use up the six connections that HTTP/1.1 allows it.
 *
 * Rejects with a `BerthError` when the address cannot be listened on (the cause says why).
 */
export async function startPortal(options: PortalOptions): Promise<Portal> {
  const limits = { ...defaultLimits, ...options.limits };
  const closing = new AbortController();
  const server = createPortalServer(options, limits.requestTime);
  await listen(server, options.listen);
  const { port } = server.address() as AddressInfo;
  const secureCookie = options.tls !== undefined || options.publicUrl?.startsWith('https:') === true;
  const url = options.publicUrl ?? `${options.tls ? 'https' : 'http'}://${hostInUrl(options.listen.host)}:${port}`;
  const state: PortalState = {
    options,
    limits,
    assets: new Assets(options.assetsDir),
    sessions: new Sessions(limits, options.now),
    throttle: new FailureThrottle(limits.failedSignIns, options.now),
    upstream: new Upstream(options.connection),
    // Cookies know no ports: the name keeps two portals of one machine apart.
    cookieName: `${secureCookie ? '__Host-' : ''}berth-${port}`,
    secureCookie,
    originsOf: (request) => originsOf(request, url, secureCookie),
    closing: closing.signal,
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => response.destroy());
    handle(state, request, response).catch((err: unknown) => options.logger.error({ err }, 'request failed'));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade(state, { request, socket, head }).catch(() => refuse(socket, 400));
  });
  const sockets = trackSockets(server);
  const sweeper = setInterval(() => state.sessions.sweep(), sweepEvery).unref();
  return {
    url,
    signInLink: () => `${url}/#signin=${state.sessions.issueCode({ name: 'admin' })}`,
    close: async () => {
      clearInterval(sweeper);
      closing.abort();
      state.sessions.endAll();
      state.upstream.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function createPortalServer(options: PortalOptions, requestTime: number): Server | Http2SecureServer {
  const timing = { headersTimeout: Math.min(requestTime, 15_000), requestTimeout: requestTime };
  if (options.tls === undefined) return createServer({ ...timing, connectionsCheckingInterval: 5_000 });
  const server = createSecureServer({
    ...timing,
    ...options.tls,
    allowHTTP1: true,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 10_000,
    settings: { maxConcurrentStreams: 128 },
  });
  // What breaks a handshake (a scanner, a browser that distrusts the certificate) is the other side's affair.
  server.on('sessionError', () => undefined);
  server.on('session', (session) => session.setTimeout(idleConnection, () => session.close()));
  return server;
}

function trackSockets(server: Server | Http2SecureServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return sockets;
}

function listen(server: Server | Http2SecureServer, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'another program uses that port' : cause.message;
      const message = `the console cannot listen on ${address.host}:${address.port}: ${why}; choose another port`;
      reject(new BerthError('ServiceUnavailable', message, { cause, retryable: false }));
    });
    server.listen({ host: address.host, port: address.port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

/** The public address, and the one that this request was sent to (an SSH tunnel, another name of the machine). */
function originsOf(request: IncomingMessage, url: string, secure: boolean): ReadonlySet<string> {
  const authority = request.headers[':authority'] ?? request.headers.host;
  const origins = new Set([new URL(url).origin]);
  if (typeof authority === 'string') origins.add(`${secure ? 'https' : 'http'}://${authority}`);
  return origins;
}

async function upgrade(
  state: PortalState,
  call: { request: IncomingMessage; socket: Duplex; head: Buffer },
): Promise<void> {
  const { request, socket } = call;
  if (request.headers.upgrade?.toLowerCase() !== 'websocket') return refuse(socket, 400);
  if (!isOwnOrigin(request, state.originsOf(request))) return refuse(socket, 403);
  const session = findSession(state, request);
  if (session === undefined) return refuse(socket, 401);
  const signal = AbortSignal.any([session.ended, state.closing]);
  await passUpgrade(state.upstream, { ...call, user: session.user, signal });
}

/** An address to type for what listens everywhere. */
function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
