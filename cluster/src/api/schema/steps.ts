import type { KubeObject } from '@berth/kube/objects';
import {
  applyDefaults,
  decodeObject,
  type FieldValidation,
  prepareForCreate,
  validate as validateObject,
} from '@berth/kube/schema';
import { type Call, subresourceName } from '../call.ts';
import { badRequest, invalid } from '../faults.ts';

/**
 * The object with fields of the right types only and with defaults; a new one that shares nothing with what came in.
 * Unknown fields are refused or become warnings, as the call asks. Throws `BadRequest`.
 */
export function complete(call: Call, object: KubeObject): KubeObject {
  const decoded = decodeObject(call.kind.description, object, { mode: validationMode(call) });
  call.warnings.push(...decoded.warnings);
  return applyDefaults(call.kind.description, decoded.object);
}

/** The defaults of what admission has added; its plugins write what the schema knows, so nothing is decoded again. */
export function redefault(call: Call, object: KubeObject): KubeObject {
  return applyDefaults(call.kind.description, object);
}

/** What the server adds to a new object after its defaults: first status, finalizers, selectors. */
export function prepare(call: Call, object: KubeObject): KubeObject {
  return prepareForCreate(call.kind.description, object);
}

/** Throws `Invalid` with one cause per field. */
export function validate(call: Call, object: KubeObject, old: KubeObject | undefined): void {
  const { description } = call.kind;
  const causes = validateObject(description, object, old, { subresource: subresourceName(call) });
  if (causes.length > 0) throw invalid(description, object.metadata.name, causes);
}

function validationMode(call: Call): FieldValidation {
  const mode = call.options.get('fieldValidation') || 'Warn';
  if (mode === 'Strict' || mode === 'Warn' || mode === 'Ignore') return mode;
  throw badRequest(`fieldValidation: Unsupported value: "${mode}": supported values: "", "Ignore", "Strict", "Warn"`);
}
