import type { KubeObject } from '@berth/kube/objects';
import { applyDefaults, decodeObject, type FieldValidation, prepareForCreate } from '@berth/kube/schema';
import type { Call } from '../call.ts';
import { badRequest } from '../faults.ts';

/**
 * The object with fields of the right types only and with defaults; a new one that shares nothing with what came in.
 * Unknown fields are refused or become warnings, as the call asks. Throws `BadRequest`.
 */
export function complete(call: Call, object: KubeObject): KubeObject {
  const decoded = decodeObject(call.kind.description, object, { mode: validationMode(call) });
  call.warnings.push(...decoded.warnings);
  return applyDefaults(call.kind.description, decoded.object);
}

/** What the server adds to a new object after its defaults: first status, finalizers, selectors. */
export function prepare(call: Call, object: KubeObject): KubeObject {
  return prepareForCreate(call.kind.description, object);
}

/** Throws `Invalid` with one cause per field. */
export function validate(_call: Call, _object: KubeObject, _old: KubeObject | undefined): void {}

function validationMode(call: Call): FieldValidation {
  const mode = call.options.get('fieldValidation') || 'Warn';
  if (mode === 'Strict' || mode === 'Warn' || mode === 'Ignore') return mode;
  throw badRequest(`fieldValidation: Unsupported value: "${mode}": supported values: "", "Ignore", "Strict", "Warn"`);
}
