import type { BerthError } from '@berth/kube/errors';
import { shownAsGo } from '@berth/kube/patch';
import { invalidError } from '@berth/kube/schema';
import type { Call } from '../call.ts';

/**
 * What a patch makes is no object of its kind: `Invalid` for the patch, not for the object, as it never became one. A
 * strategic merge patch is shown itself, of the others the outcome. Source: `handlers/patch.go` of kube-apiserver.
 */
export function unfitPatch(call: Call, outcome: object, why: string): BerthError {
  const strategic = call.patchType === 'strategic';
  const shown = JSON.stringify(strategic ? shownAsGo(call.body) : JSON.stringify(outcome));
  const message = `Invalid value: ${shown}: ${strategic ? withoutJson(why) : why}`;
  return invalidError({ group: '', kind: '' }, '', [{ reason: 'FieldValueInvalid', message, field: 'patch' }]);
}

const mismatch = /^json: cannot unmarshal (\w+)(?: [^ ]+)? into Go (?:value|struct field \S+) of type (\S+)$/;

/** The outcome of a strategic merge patch is never JSON: Kubernetes restores its types from maps, and says so. */
function withoutJson(why: string): string {
  const [, json = '', type = ''] = mismatch.exec(why) ?? [];
  const from = goKinds[json];
  if (from === undefined) return why;
  if (type.startsWith('map[')) return `cannot restore map from ${from}`;
  if (type.startsWith('[]')) return `cannot restore slice from ${from}`;
  if (type.includes('.')) return `cannot restore struct from: ${from}`;
  if (json !== 'number' || type === 'bool') return `unrecognized type: ${type}`;
  return `cannot convert ${type === 'string' ? 'int64' : 'float64'} to ${type}`;
}

const goKinds: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'int64',
  bool: 'bool',
  array: 'slice',
  object: 'map',
};
