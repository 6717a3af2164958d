import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Request } from '../http/read-body.ts';
import { tlsSocketOf } from '../http/server.ts';
import type { ProxyTarget } from './target.ts';

/** Headers of one connection, which are not passed on. Source: RFC 9110, 7.6.1. */
const ofConnection = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Who the user is, is known by now: neither the proof of it nor a claim about it goes any further. */
const isPersonal = (name: string) =>
  name === 'authorization' || name.startsWith('impersonate-') || name.startsWith('x-remote-');

/** Answers that would let pages of other origins use the client's credentials for this server. */
const isCrossOrigin = (name: string) => name.startsWith('access-control-allow-');

/** The headers of the request that is sent on. */
export function requestHeaders(request: Request, target: ProxyTarget): OutgoingHttpHeaders {
  const headers = passedOn(request.headers, (name) => isPersonal(name));
  const { httpVersionMajor } = request;
  headers.host = request.headers.host ?? String(request.headers[':authority'] ?? target.host);
  const from = tlsSocketOf(request).remoteAddress;
  const before = request.headers['x-forwarded-for'];
  if (from) headers['x-forwarded-for'] = [before ?? [], from].flat().join(', ');
  if (target.prefix !== undefined) {
    headers['x-forwarded-uri'] = target.prefix + (target.path.split('?', 1)[0] ?? '');
  }
  // A body without a length; methods that rarely have one would send it without any frame.
  const stream = httpVersionMajor === 2 ? (request as Http2ServerRequest).stream : undefined;
  const hasBody = stream ? !stream.endAfterHeaders : request.headers['transfer-encoding'] !== undefined;
  if (hasBody && headers['content-length'] === undefined) headers['transfer-encoding'] = 'chunked';
  return { ...headers, ...(target.headers as OutgoingHttpHeaders) };
}

/** The headers of the answer that is passed back. */
export function responseHeaders(answer: IncomingMessage): OutgoingHttpHeaders {
  return passedOn(answer.headers, isCrossOrigin);
}

function passedOn(headers: IncomingHttpHeaders, isLeftOut: (name: string) => boolean): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || ofConnection.has(name) || named.has(name) || isLeftOut(name)) continue;
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/**
 * Where a redirect leads for a client that sees the target below `prefix`. One to another host, or relative to the
 * page, stays as it is. Source: `rewriteURL` of apimachinery's proxy transport.
 */
export function redirected(location: string, { prefix = '' }: ProxyTarget, host: string | undefined): string {
  const absolute = /^(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*)(.*)$/i.exec(location);
  if (absolute && absolute[1] !== host) return location;
  const rest = absolute ? (absolute[2] ?? '') : location;
  if (!rest.startsWith('/')) return location;
  return rest.startsWith(prefix) ? rest : prefix + rest;
}
