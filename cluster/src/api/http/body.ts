import { isUtf8 } from 'node:buffer';
import { BerthError, isBerthError } from '@berth/kube/errors';
import { duplicateFields } from '@berth/kube/schema';
import type { PatchType, RepeatedFields } from '../call.ts';
import { badRequest } from '../faults.ts';
import { parseJson } from '../int64.ts';
import type { ProtobufDecoder } from '../protobuf/decode.ts';
import type { Converted } from '../yaml/convert.ts';
import type { Yaml } from '../yaml/yaml.ts';
import { jsonFault } from './json-fault.ts';
import { fitting, type Purpose, unreadable } from './unreadable.ts';

const limitDepth = 200;

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

export interface DecodedBody {
  value: unknown;
  repeated?: RepeatedFields;
  /** Whether the body's bytes are the value as JSON. */
  isVerbatim?: boolean;
}

/**
 * Decodes JSON, YAML or protobuf. Throws `BadRequest` that names the position, or what `Yaml` throws, or
 * `UnsupportedMediaType`.
 */
export async function decodeBody(
  body: Buffer,
  contentType: string | undefined,
  { protobuf, yaml }: { protobuf: ProtobufDecoder; yaml: Yaml },
  purpose: Purpose,
): Promise<DecodedBody> {
  if (body.length === 0 && purpose.isDeletion) return { value: undefined };
  const type = mediaType(contentType);
  if (type === 'application/vnd.kubernetes.protobuf') return { value: protobuf.decode(body) };
  const isYaml = yamlTypes.has(type);
  if (!isYaml && !jsonTypes.has(type)) {
    throw new BerthError(
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  }
  if (!isUtf8(body))
    throw badRequest(`the body is not UTF-8: the byte at position ${firstBadByte(body)} does not belong`);
  checkDepth(body);
  const decoded = isYaml ? await decodeYaml(body, yaml, purpose) : decodeJson(body, purpose);
  return { ...decoded, value: fitting(decoded.value, purpose, body) };
}

const yamlTypes = new Set(['application/yaml', 'application/x-yaml', 'application/apply-patch+yaml']);
const jsonTypes = new Set([
  '',
  'application/json',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]);

function decodeJson(body: Buffer, purpose: Purpose): DecodedBody {
  const text = body.toString();
  let value: unknown;
  try {
    value = wellFormed(parseJson(text, overflow), text);
  } catch (error) {
    if (error instanceof BerthError) throw error;
    throw unreadable(purpose, body, jsonFault(body), 'json');
  }
  const texts = duplicateFields(text);
  return texts.length === 0 ? { value, isVerbatim: true } : { value, repeated: { format: 'json', texts } };
}

async function decodeYaml(body: Buffer, yaml: Yaml, purpose: Purpose): Promise<DecodedBody> {
  const text = body.toString();
  if (/^\s*[{[]/.test(text)) {
    try {
      // Most of what is sent as YAML is JSON, which is read far sooner.
      return decodeJson(body, purpose);
    } catch {
      // YAML is wider than JSON: `{a: b}`.
    }
  }
  const { text: json, repeated: texts } = await readYaml(text, yaml, (why) => unreadable(purpose, body, why, 'yaml'));
  // Aliases may nest what does not nest in the text.
  checkDepth(Buffer.from(json));
  const value = wellFormed(JSON.parse(json), json);
  return texts.length === 0 ? { value } : { value, repeated: { format: 'yaml', texts } };
}

async function readYaml(text: string, yaml: Yaml, unreadable: (why: string) => BerthError): Promise<Converted> {
  try {
    return await yaml.toJson(text);
  } catch (error) {
    throw isBerthError(error, 'BadRequest') ? unreadable(error.message) : error;
  }
}

/** With half of a pair of surrogates, which no text can hold, replaced, as Go's reader does. */
function wellFormed(value: unknown, json: string): unknown {
  return /\\u[dD][89a-fA-F]/.test(json) ? replaceLone(value) : value;
}

function replaceLone(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(replaceLone);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), replaceLone(item)]));
}

function overflow(): BerthError {
  return badRequest('json: cannot unmarshal a number that is out of range into Go value of type float64');
}

/** Where a text stops to be UTF-8; there must be such a place. */
function firstBadByte(body: Buffer): number {
  // A beginning is good if it is so without a character that it cuts in two.
  const isGood = (length: number) => [0, 1, 2, 3].some((cut) => isUtf8(body.subarray(0, Math.max(0, length - cut))));
  let good = 0;
  let bad = body.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (middle <= body.length && isGood(middle)) good = middle;
    else bad = middle;
  }
  for (let cut = 0; cut < 4; cut++) if (isUtf8(body.subarray(0, good - cut))) return good - cut;
  return good;
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
