import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { BerthError } from '@berth/kube/errors';
import type { PatchType } from '../call.ts';
import { badRequest } from '../faults.ts';
import type { ProtobufDecoder } from '../protobuf/decode.ts';
import type { Yaml } from '../yaml/yaml.ts';

export type Request = IncomingMessage | Http2ServerRequest;

const limitBytes = 3 * 1024 * 1024;
const limitDepth = 200;
const timeoutMs = 60_000;

/** The whole body. Throws `RequestEntityTooLarge` beyond 3 MiB, `BadRequest` when it does not come. */
export function readBody(request: Request): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(() => fail(new BerthError('Timeout', 'the body did not arrive in time')), timeoutMs);
    const fail = (error: unknown) => {
      clearTimeout(timer);
      reject(error);
    };
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limitBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        fail(new BerthError('RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`));
      }
    });
    request.on('end', () => {
      clearTimeout(timer);
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    });
    request.on('error', fail);
    request.on('close', () => {
      if (!request.readableEnded) fail(badRequest('the connection ended within the body'));
    });
  });
}

/** What the media type of a PATCH says. Throws `UnsupportedMediaType`. */
export function patchTypeOf(contentType: string | undefined): PatchType {
  const type = mediaType(contentType);
  const found = patchTypes[type];
  if (found === undefined) {
    const known = Object.keys(patchTypes).join(', ');
    throw new BerthError(
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${known}`,
    );
  }
  return found;
}

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** Decodes JSON or YAML. Throws `BadRequest` that names the position, or `UnsupportedMediaType`. */
export async function decodeBody(
  body: Buffer,
  contentType: string | undefined,
  { protobuf, yaml }: { protobuf: ProtobufDecoder; yaml: Yaml },
): Promise<unknown> {
  if (body.length === 0) return undefined;
  const type = mediaType(contentType);
  if (type === 'application/vnd.kubernetes.protobuf') return protobuf.decode(body);
  if (type === 'application/yaml' || type === 'application/x-yaml' || type === 'application/apply-patch+yaml') {
    return await parseYaml(body, yaml);
  }
  if (
    type !== '' &&
    type !== 'application/json' &&
    !type.endsWith('+json') &&
    type !== 'application/x-www-form-urlencoded'
  ) {
    throw new BerthError(
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
    );
  }
  checkDepth(body);
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: the body is not JSON: ${(error as Error).message}`);
  }
}

async function parseYaml(body: Buffer, yaml: Yaml): Promise<unknown> {
  const text = body.toString();
  if (/^\s*[{[]/.test(text)) {
    checkDepth(body);
    try {
      return JSON.parse(text);
    } catch {
      // YAML is wider than JSON: `{a: b}`.
    }
  }
  return await yaml.parse(text);
}

/** Nothing in Kubernetes nests this deep; what does is meant to exhaust the stack of those who walk it. */
function checkDepth(body: Buffer): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (inString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > limitDepth) throw badRequest(`the body nests deeper than ${limitDepth} levels at byte ${at}`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
}

function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
