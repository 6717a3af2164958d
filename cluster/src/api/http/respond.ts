import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { type Status, statusOf } from '@berth/kube/errors';
import { PlainError } from '../faults.ts';
import type { Yaml } from '../yaml/yaml.ts';
import { sendCompressed, sendPieces } from './pieces.ts';
import type { Request } from './read-body.ts';
import { warningHeaders } from './warnings.ts';

export type Response = ServerResponse | Http2ServerResponse;

/** An answer up to this size is handed to the connection whole. */
const wholeBytes = 64 * 1024;
const gzipFromBytes = 128 * 1024;

export interface Reply {
  code: number;
  /** A long one may come in parts, which are shared and not copied. */
  body: Buffer | readonly Buffer[];
  type?: string;
  headers?: OutgoingHttpHeaders;
  warnings?: readonly string[];
}

/** Sends an answer, compressed when it is large and the client takes it; a large one at the client's own pace. */
export async function respond(request: Request, response: Response, reply: Reply): Promise<void> {
  const headers: OutgoingHttpHeaders = {
    'cache-control': 'no-cache, private',
    'content-type': reply.type ?? 'application/json',
    ...reply.headers,
  };
  const warnings = warningHeaders(reply.warnings);
  if (warnings) (headers as Record<string, string | string[]>).warning = warnings;
  const isJson = reply.type === undefined || reply.type === 'application/json';
  const body = isJson && wantsPretty(request) ? prettyOf(reply.body) : reply.body;
  const parts = Buffer.isBuffer(body) ? [body] : body;
  let length = 0;
  for (const part of parts) length += part.length;
  const compressed = length > gzipFromBytes && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (compressed) {
    headers['content-encoding'] = 'gzip';
    headers.vary = 'Accept-Encoding';
  } else headers['content-length'] = length;
  if (response.headersSent || response.destroyed) return;
  (response as ServerResponse).writeHead(reply.code, headers);
  if (request.method === 'HEAD') response.end();
  else if (compressed) await sendCompressed(response, parts);
  else if (length > wholeBytes) await sendPieces(response, parts);
  else (response as ServerResponse).end(parts.length === 1 ? parts[0] : Buffer.concat(parts, length));
}

/** As in Kubernetes, whoever looks with a browser or at a command line gets lines and indents without asking. */
function wantsPretty({ url = '', headers }: Request): boolean {
  const at = url.indexOf('?');
  const asked = at < 0 ? null : new URLSearchParams(url.slice(at)).get('pretty');
  if (asked) return /^(?:1|t|T|true|TRUE|True)$/.test(asked);
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(headers['user-agent'] ?? '');
}

function prettyOf(body: Buffer | readonly Buffer[]): Buffer {
  const text = (Buffer.isBuffer(body) ? body : Buffer.concat(body)).toString();
  return text === '' ? Buffer.alloc(0) : Buffer.from(JSON.stringify(JSON.parse(text), null, 2));
}

/** As in Kubernetes, what was found before the request failed is told as well. */
export async function respondError(
  request: Request,
  response: Response,
  error: unknown,
  warnings: readonly string[] = [],
  yaml?: Yaml,
): Promise<void> {
  const status = statusOf(error);
  const headers: OutgoingHttpHeaders = {};
  if (status.details?.retryAfterSeconds) headers['retry-after'] = String(status.details.retryAfterSeconds);
  if (error instanceof PlainError) {
    Object.assign(headers, { 'x-content-type-options': 'nosniff' });
    const body = Buffer.from(`${error.text}\n`);
    const type = 'text/plain; charset=utf-8';
    return await respond(request, response, { code: status.code, body, type, headers, warnings });
  }
  if (status.code === 401) headers['www-authenticate'] = 'Bearer realm="berth"';
  const body = statusBody(status);
  if (yaml === undefined || !takesYaml(request)) {
    return await respond(request, response, { code: status.code, body, headers, warnings });
  }
  const text = Buffer.from(await yaml.fromJson(body.toString()));
  await respond(request, response, { code: status.code, body: text, type: 'application/yaml', headers, warnings });
}

/** Whether YAML is the first that a client takes of what there is. */
function takesYaml({ headers: { accept } }: Request): boolean {
  const types = accept?.split(',').map((clause) => clause.split(';')[0]?.trim());
  return types?.find((type) => /^application\/(?:json|yaml|\*)$|^\*\/\*$/.test(type ?? '')) === 'application/yaml';
}

/** A status as bytes; a continue token that an `Expired` carries goes where clients look for it. */
export function statusBody(status: Status): Buffer {
  const details = status.details as { continue?: string } | undefined;
  if (details?.continue === undefined) return Buffer.from(JSON.stringify(status));
  const { continue: token, ...rest } = details;
  return Buffer.from(JSON.stringify({ ...status, metadata: { continue: token }, details: rest }));
}
