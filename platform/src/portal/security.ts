import type { IncomingMessage, ServerResponse } from 'node:http';
import { BerthError } from '@berth/kube/errors';

/** A header that only a script of the same origin can send; a form, a link or an image of another page cannot. */
export const requestHeader = 'x-berth-request';

const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

export function setSecurityHeaders(response: ServerResponse, options: { hsts: boolean; nonce: string }): void {
  response.setHeader('content-security-policy', policy(options.nonce));
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
  if (options.hsts) response.setHeader('strict-transport-security', 'max-age=31536000');
}

/** Refuses what a page of another origin could have made the browser send. Reads are held to it as writes are. */
export function requireSameOrigin(request: IncomingMessage, origins: ReadonlySet<string>): void {
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const foreignSite = site !== undefined && site !== 'same-origin';
  if (foreignSite || (origin !== undefined && !origins.has(origin)) || request.headers[requestHeader] === undefined) {
    throw new BerthError(
      'Forbidden',
      `the request must come from the console itself, with the header ${requestHeader}`,
    );
  }
}

/** For WebSockets, where a script can set no header: the origin must be there and be ours. */
export function isOwnOrigin(request: IncomingMessage, origins: ReadonlySet<string>): boolean {
  return request.headers.origin !== undefined && origins.has(request.headers.origin);
}

/** The value of the one cookie called `name`; undefined when it is absent or there twice. */
export function readCookie(request: IncomingMessage, name: string): string | undefined {
  const header = request.headers.cookie ?? '';
  const values = header
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}
