import { isBerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import type { FieldValidation } from '@berth/kube/schema';
import { invalidError } from '@berth/kube/schema';
import { type Call, type RepeatedFields, subresourceName } from '../call.ts';
import { badRequest } from '../faults.ts';
import { dropRepeatedOwners } from './owners.ts';
import { unfitPatch } from './unfit-patch.ts';

/**
 * The object with fields of the right types only and with defaults; a new one that shares nothing with what came in.
 * Unknown fields are refused or become warnings, as the call asks. Throws `BadRequest`; of what a patch made, `Invalid`.
 */
export function complete(call: Call, object: KubeObject): KubeObject {
  const known = knownFields(call, object);
  dropRepeatedOwners(call, known);
  return call.kind.schema.applyDefaults(known);
}

function knownFields(call: Call, object: KubeObject): KubeObject {
  const { description } = call.kind;
  const mode = validationMode(call);
  const { repeated } = call;
  if (repeated === undefined || mode === 'Ignore') {
    const decoded = decode(call, object, mode);
    call.warnings.push(...decoded.warnings);
    return decoded.object;
  }
  const decoded = decode(call, object, 'Warn');
  if (mode === 'Strict') {
    const { kind, version } = description;
    if (isPatched(call)) {
      // The patch is read before what it makes.
      const found = [...repeated.texts, ...decoded.warnings].join(', ');
      throw unfitPatch(call, object, `strict decoding error: ${found}`);
    }
    const reasons = `strict decoding error: ${strictReasons(decoded.warnings, repeated)}`;
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${reasons}`);
  }
  // Said once, however often the body is decoded again.
  delete call.repeated;
  call.warnings.push(...decoded.warnings, ...repeated.texts);
  return decoded.object;
}

function decode(call: Call, object: KubeObject, mode: FieldValidation) {
  try {
    return call.kind.schema.decode(object, { mode });
  } catch (error) {
    if (!isPatched(call) || !isBerthError(error, 'BadRequest')) throw error;
    // The cause is without the sentence about the kind.
    throw unfitPatch(call, object, error.cause instanceof Error ? error.cause.message : error.message);
  }
}

/** Whether the object came about by a patch; what is applied is checked against the schema before. */
function isPatched({ patchType }: Call): boolean {
  return patchType !== undefined && patchType !== 'apply';
}

/** In Kubernetes' order: the YAML reader comes before the one of fields. */
function strictReasons(unknown: readonly string[], { format, texts }: RepeatedFields): string {
  if (format === 'json') return [...unknown, ...texts].join(', ');
  return [`yaml: unmarshal errors:\n  ${texts.join('\n  ')}`, ...unknown].join(', ');
}

/** The defaults of what admission has added; its plugins write what the schema knows, so nothing is decoded again. */
export function redefault(call: Call, object: KubeObject): KubeObject {
  return call.kind.schema.applyDefaults(object);
}

/** What the server adds to a new object after its defaults: first status, finalizers, selectors. */
export function prepare(call: Call, object: KubeObject): KubeObject {
  return call.kind.schema.prepareForCreate(object);
}

/** Throws `Invalid` with one cause per field. */
export function validate(call: Call, object: KubeObject, old: KubeObject | undefined): void {
  const { description, schema } = call.kind;
  const options = { subresource: subresourceName(call) };
  const causes = schema.validate(object, old, options);
  if (causes.length > 0) throw invalidError(description, object.metadata.name, causes);
  // Within our own process nobody would read them.
  if (schema.warnings && call.userAgent !== undefined) call.warnings.push(...schema.warnings(object, old, options));
}

function validationMode(call: Call): FieldValidation {
  const mode = call.options.get('fieldValidation') || 'Warn';
  if (mode === 'Strict' || mode === 'Warn' || mode === 'Ignore') return mode;
  throw badRequest(`fieldValidation: Unsupported value: "${mode}": supported values: "", "Ignore", "Strict", "Warn"`);
}
