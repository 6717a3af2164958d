import { createSecureServer, type Http2SecureServer, type Http2ServerRequest } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { BerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import type { ListenOptions } from '../types.ts';
import type { Request } from './read-body.ts';
import type { Response } from './respond.ts';

/** Of one request, as many as kube-apiserver takes. In HTTP/2 one of them has at most 64 KiB: that is as far as nghttp2 reads. */
const headerBytes = 1024 * 1024;

export interface Handlers {
  request(request: Request, response: Response): Promise<void>;
  /** Whether what a request wants to become is taken on its path. If not, it is a request like any other. */
  isUpgrade(request: Request): boolean;
  upgrade(request: Request, socket: Duplex, head: Buffer): Promise<void>;
}

/** HTTPS with HTTP/1.1 and HTTP/2 on one port; slow and idle clients are bounded. */
export class HttpsServer {
  readonly #server: Http2SecureServer;
  readonly #connections = new Set<Socket>();

  constructor({ tls }: ListenOptions, handlers: Handlers, logger: Logger) {
    this.#server = createSecureServer({
      ...{ key: tls.key, cert: tls.cert, ca: tls.clientCa },
      allowHTTP1: true,
      minVersion: 'TLSv1.2',
      requestCert: true,
      // A certificate is one of several ways to say who one is; whether it is good is for authentication to judge.
      rejectUnauthorized: false,
      handshakeTimeout: 10_000,
      settings: { maxConcurrentStreams: 250, maxHeaderListSize: headerBytes, maxFrameSize: headerBytes },
      ...{
        headersTimeout: 10_000,
        connectionsCheckingInterval: 5_000,
        requestTimeout: 0,
        keepAliveTimeout: 120_000,
        maxHeaderSize: headerBytes,
      },
    });
    this.#server.on('secureConnection', (socket) => {
      socket.setNoDelay(true);
      if (socket.alpnProtocol !== 'h2') readThroughStream(socket);
      this.#connections.add(socket);
      socket.on('close', () => this.#connections.delete(socket));
    });
    const exchanges = new WeakMap<Duplex, Set<Exchange>>();
    // Asked by Node's HTTP/1.1 server of each request with `Connection: Upgrade`; the option of that name is for `https` alone.
    const deciding = this.#server as unknown as { shouldUpgradeCallback(request: Request): boolean };
    deciding.shouldUpgradeCallback = (request) => {
      request.url = originForm(request.url);
      return handlers.isUpgrade(request);
    };
    this.#server.on('request', (request, response) => {
      request.url = originForm(request.url);
      // Node's parser loses its place behind a request that wanted to be upgraded and was not: nothing may follow on the connection.
      if (request.httpVersionMajor === 1 && request.headers.upgrade) response.setHeader('connection', 'close');
      if (request.httpVersionMajor === 1) keepWhileOpen(exchanges, { request, response });
      handlers.request(request, response).catch((error) => {
        logger.error({ err: error, path: request.url }, 'a request failed outside its handler');
        response.destroy?.();
      });
    });
    this.#server.on('upgrade', (request: Request, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      handlers.upgrade(request, socket, head).catch((error) => {
        logger.error({ err: error, path: request.url }, 'an upgrade failed outside its handler');
        socket.destroy();
      });
    });
    this.#server.on('clientError', (error, socket) => {
      if ([...(exchanges.get(socket) ?? [])].some(isAnswering)) socket.destroy();
      else refuseUnreadable(error, socket);
    });
    this.#server.on('sessionError', (error) => logger.debug({ err: error }, 'an HTTP/2 session failed'));
    this.#server.on('tlsClientError', (error) => logger.debug({ err: error }, 'a TLS handshake failed'));
  }

  /** Rejects with a sentence for a person when the address cannot be had. */
  listen({ host, port }: ListenOptions): Promise<{ port: number }> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'another program uses it; choose another port' : error.message;
        reject(
          new BerthError('ServiceUnavailable', `cannot serve the API on ${host}:${port}: ${why}`, { cause: error }),
        );
      });
      this.#server.listen(port, host, () => resolve({ port: (this.#server.address() as AddressInfo).port }));
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }
}

/** What a request is for without the server that its target may name, as clients of a proxy do. Source: RFC 9112, 3.2.2. */
function originForm(target: string | undefined): string {
  const [origin = ''] = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i.exec(target ?? '') ?? [];
  const rest = (target ?? '').slice(origin.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/**
 * Lets HTTP/1.1 read a connection like any stream. By itself Node's parser takes the bytes from underneath the stream, where
 * a pause does not stop those that were decrypted already: while an answer was still on its way, the body of the next
 * request ended the connection (`HPE_PAUSED`). Node gives that up as soon as anybody listens for data.
 */
function readThroughStream(socket: Socket): void {
  const nobody = () => {};
  socket.on('data', nobody).off('data', nobody);
}

/** A request of HTTP/1.1 whose answer has not gone out whole. */
interface Exchange {
  request: Request;
  response: Response;
}

function keepWhileOpen(exchanges: WeakMap<Duplex, Set<Exchange>>, exchange: Exchange): void {
  const { socket } = exchange.request;
  const open = exchanges.get(socket) ?? new Set();
  exchanges.set(socket, open.add(exchange));
  exchange.response.once('close', () => open.delete(exchange));
}

/** Whether anything that is said on the connection now would be taken for the answer, or for a part of it. */
function isAnswering({ request, response }: Exchange): boolean {
  return request.complete || response.headersSent;
}

/** How long a client may go on sending what cannot be read, in milliseconds. */
const unreadableMs = 2000;

/**
 * Answers what is no request of HTTP/1.1. The rest of it is let in and dropped for a while, since a client that is cut off
 * while it sends does not get to read why.
 */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${refusals[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
  // What comes now is for nobody: not for the parser either, which would complain of each piece.
  socket.removeAllListeners('data').on('data', () => {});
  const timer = setTimeout(() => socket.destroy(), unreadableMs);
  socket.once('close', () => clearTimeout(timer));
}

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** The TLS socket under a request of either HTTP version. */
export function tlsSocketOf(request: Request): TLSSocket {
  const { stream } = request as Http2ServerRequest;
  // HTTP/2 requests only lend a guarded view of the socket; the session has what authentication needs.
  const session = stream?.session as { socket?: unknown } | undefined;
  return (session?.socket ?? request.socket) as TLSSocket;
}
