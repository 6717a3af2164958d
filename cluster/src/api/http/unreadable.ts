import type { BerthError } from '@berth/kube/errors';
import type { PatchType } from '../call.ts';
import { badRequest } from '../faults.ts';

/** What a body is for, which decides about what is said of one that cannot be read. */
export interface Purpose {
  /** Of the object that it should be. */
  kind: string;
  version: string;
  patchType?: PatchType | undefined;
  /** Its object says how something is deleted. */
  isDeletion: boolean;
}

/** Of a body whose text is none of its format. `why` is what the format's own reader says. */
export function unreadable(purpose: Purpose, body: Buffer, why: string, format: 'json' | 'yaml'): BerthError {
  const { patchType, isDeletion } = purpose;
  if (patchType === 'apply') return badRequest(`error decoding YAML: error converting YAML to JSON: ${why}`);
  if (patchType === 'strategic') return badRequest(why);
  if (patchType !== undefined) return badRequest(`error decoding patch: ${why}`);
  const whole = format === 'yaml' ? why : `couldn't get version/kind; json parse error: ${why}`;
  return isDeletion ? badRequest(whole) : unrecognized(purpose, body, whole);
}

function unrecognized({ kind }: Purpose, body: Buffer, why: string): BerthError {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summaryOf(body)})`);
}

/** The beginning, as text when it looks like JSON, else as hexadecimal digits. */
function summaryOf(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const start = body.subarray(0, 30);
  const shown = body[0] === 0x7b ? start.toString() : start.toString('hex');
  return body.length > start.length ? `${shown} ...` : shown;
}

const typeMeta =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
const anyObject = 'Go value of type map[string]interface {}';

/** The value if it can be what it is for; nothing at all is an object without fields. Throws `BadRequest`. */
export function fitting(value: unknown, purpose: Purpose, body: Buffer): unknown {
  const { patchType, isDeletion, kind, version } = purpose;
  // Operations are judged one by one.
  if (patchType === 'json') return value;
  if (value === null) return patchType === 'merge' || patchType === 'strategic' ? value : {};
  const isFit = typeof value === 'object' && !Array.isArray(value);
  if (patchType !== undefined) {
    if (isFit) return value;
    const why = `json: cannot unmarshal ${goKindOf(value)} into ${anyObject}`;
    if (patchType === 'strategic') throw badRequest(why);
    throw badRequest(
      patchType === 'merge'
        ? `error decoding patch: ${why}`
        : `error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`,
    );
  }
  const mismatch = (found: unknown, where: string) =>
    unreadable(purpose, body, `json: cannot unmarshal ${goKindOf(found)} into Go ${where}`, 'json');
  if (!isFit) throw mismatch(value, `value of type ${typeMeta}`);
  const object = value as Record<string, unknown>;
  for (const field of ['apiVersion', 'kind']) {
    const said = object[field] ?? '';
    if (typeof said !== 'string') throw mismatch(said, `struct field .${field} of type string`);
  }
  const metadata = object.metadata ?? {};
  if (!isDeletion && (typeof metadata !== 'object' || Array.isArray(metadata))) {
    const why = `json: cannot unmarshal ${goKindOf(metadata)} into Go struct field ${kind}.metadata of type v1.ObjectMeta`;
    throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`);
  }
  return value;
}

/** What Go's JSON reader calls a value. */
function goKindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
