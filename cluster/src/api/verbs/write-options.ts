import type { ErrorCause } from '@berth/kube/errors';
import { invalidError } from '@berth/kube/schema';
import type { Call } from '../call.ts';

/** As long as the name of a field manager may be, in bytes. */
const longestManager = 128;
const validations = ['', 'Ignore', 'Strict', 'Warn'];

/**
 * Throws the 422 for options of a write that mean nothing: values that nobody knows, and what only an apply may say.
 * Source: `k8s.io/apimachinery/pkg/apis/meta/v1/validation`.
 */
export function checkWriteOptions(call: Call, kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'): void {
  const causes: ErrorCause[] = [];
  const { options } = call;
  const manager = options.get('fieldManager') ?? '';
  const dryRun = options.get('dryRun');
  if (kind === 'PatchOptions') {
    if (call.patchType === 'apply') {
      if (manager === '') {
        const message = 'Required value: is required for apply patch';
        causes.push({ reason: 'FieldValueRequired', message, field: 'fieldManager' });
      }
    } else if (options.has('force')) {
      const message = 'Forbidden: may not be specified for non-apply patch';
      causes.push({ reason: 'FieldValueForbidden', message, field: 'force' });
    }
  }
  causes.push(...managerFaults(manager), ...dryRunFaults(dryRun ? [dryRun] : []));
  const validation = options.get('fieldValidation') ?? '';
  if (!validations.includes(validation)) {
    causes.push(unsupported('fieldValidation', validation, validations));
  }
  if (causes.length > 0) throw invalidError({ group: 'meta.k8s.io', kind }, '', causes);
}

/** A dry run has one value, which runs every stage. */
export function dryRunFaults(dryRun: readonly string[]): ErrorCause[] {
  return dryRun.every((stage) => stage === 'All') ? [] : [unsupported('dryRun', dryRun, ['All'])];
}

function unsupported(field: string, value: unknown, known: readonly string[]): ErrorCause {
  const values = known.map((one) => JSON.stringify(one)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${values}`;
  return { reason: 'FieldValueNotSupported', message, field };
}

function managerFaults(manager: string): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const field = 'fieldManager';
  if (Buffer.byteLength(manager) > longestManager) {
    const message = `Too long: may not be more than ${longestManager} bytes`;
    causes.push({ reason: 'FieldValueTooLong', message, field });
  }
  let position = 0;
  for (const character of manager) {
    if (/[\p{C}\p{Z}]/u.test(character) && character !== ' ') {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      const message = `Invalid value: ${JSON.stringify(manager)}: invalid character U+${code} (at position ${position})`;
      causes.push({ reason: 'FieldValueInvalid', message, field });
    }
    position += Buffer.byteLength(character);
  }
  return causes;
}
