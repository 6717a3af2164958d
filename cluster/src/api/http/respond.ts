import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { type Status, statusOf } from '@berth/kube/errors';
import type { Request } from './read-body.ts';

export type Response = ServerResponse | Http2ServerResponse;

const compress = promisify(gzip);
const gzipFromBytes = 128 * 1024;

export interface Reply {
  code: number;
  body: Buffer;
  type?: string;
  headers?: OutgoingHttpHeaders;
  warnings?: readonly string[];
}

/** Sends a whole answer, compressed when it is large and the client takes it. */
export async function respond(request: Request, response: Response, reply: Reply): Promise<void> {
  const headers: OutgoingHttpHeaders = {
    'cache-control': 'no-cache, private',
    'content-type': reply.type ?? 'application/json',
    ...reply.headers,
  };
  const warnings = warningHeaders(reply.warnings);
  if (warnings) (headers as Record<string, string | string[]>).warning = warnings;
  let { body } = reply;
  if (body.length > gzipFromBytes && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    body = await compress(body, { level: constants.Z_BEST_SPEED });
    headers['content-encoding'] = 'gzip';
    headers.vary = 'Accept-Encoding';
  }
  headers['content-length'] = body.length;
  if (response.headersSent || response.destroyed) return;
  (response as ServerResponse).writeHead(reply.code, headers);
  if (request.method === 'HEAD') response.end();
  else response.end(body);
}

/** Each text once, as `299 - "…"` (RFC 9111). */
export function warningHeaders(warnings: readonly string[] | undefined): string[] | undefined {
  if (!warnings || warnings.length === 0) return undefined;
  return [...new Set(warnings)].map((text) => `299 - "${text.replace(/[\\"]/g, '\\$&').replace(/[\r\n]+/g, ' ')}"`);
}

export async function respondError(request: Request, response: Response, error: unknown): Promise<void> {
  const status = statusOf(error);
  const headers: OutgoingHttpHeaders = {};
  if (status.details?.retryAfterSeconds) headers['retry-after'] = String(status.details.retryAfterSeconds);
  if (status.code === 401) headers['www-authenticate'] = 'Bearer realm="berth"';
  await respond(request, response, { code: status.code, body: statusBody(status), headers });
}

/** A status as bytes; a continue token that an `Expired` carries goes where clients look for it. */
export function statusBody(status: Status): Buffer {
  const details = status.details as { continue?: string } | undefined;
  if (details?.continue === undefined) return Buffer.from(JSON.stringify(status));
  const { continue: token, ...rest } = details;
  return Buffer.from(JSON.stringify({ ...status, metadata: { continue: token }, details: rest }));
}
