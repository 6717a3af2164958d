import type { Call } from '../call.ts';
import { badRequest, invalid } from '../faults.ts';
import { notRegistered } from './body-kind.ts';
import { isRecord } from './decode.ts';
import { numberOption } from './versions.ts';
import { dryRunFaults } from './write-options.ts';

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  preconditions?: { uid?: string; resourceVersion?: string };
}

/** `metav1.DeleteOptions` from the body, else from the query. Sets the call's dry run as well. */
export function deleteOptions(call: Call): DeleteOptions {
  const options: DeleteOptions = {};
  const dryRun = dryRunFaults(call.options.get('dryRun'));
  if (dryRun.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', dryRun);
  const body = call.body ?? {};
  if (!isRecord(body)) throw badRequest('the body of a delete must be an object of kind DeleteOptions');
  checkKind(body);
  const grace = body.gracePeriodSeconds ?? numberOption(call, 'gracePeriodSeconds');
  if (grace !== undefined && grace !== null) {
    if (!Number.isInteger(grace)) throw badRequest('gracePeriodSeconds must be a whole number');
    options.gracePeriodSeconds = grace as number;
  }
  const policy = policyOf(call, body);
  if (policy !== undefined) options.propagationPolicy = policy;
  if (isRecord(body.preconditions)) {
    const { uid, resourceVersion } = body.preconditions;
    options.preconditions = {
      ...(typeof uid === 'string' ? { uid } : {}),
      ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
    };
  }
  if (Array.isArray(body.dryRun) && body.dryRun.includes('All')) {
    call.options = new Map([...call.options, ['dryRun', 'All']]);
  }
  return options;
}

/** Every group has options of its own name. Another object in the body was meant for another path. */
function checkKind({ apiVersion, kind }: Record<string, unknown>): void {
  if ((kind ?? '') === '' || kind === 'DeleteOptions') return;
  throw badRequest(notRegistered({ apiVersion: String(apiVersion ?? ''), kind: String(kind) }));
}

function policyOf(call: Call, body: Record<string, unknown>): DeleteOptions['propagationPolicy'] {
  const orphanDependents = body.orphanDependents ?? call.options.get('orphanDependents');
  const chosen = body.propagationPolicy ?? call.options.get('propagationPolicy');
  if (orphanDependents !== undefined && orphanDependents !== null && chosen) {
    const message = `Invalid value: ${JSON.stringify(chosen)}: orphanDependents and deletionPropagation cannot be both set`;
    throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      { reason: 'FieldValueInvalid', message, field: 'propagationPolicy' },
    ]);
  }
  if (orphanDependents === true || orphanDependents === 'true') return 'Orphan';
  if (orphanDependents === false || orphanDependents === 'false') return 'Background';
  const policy = body.propagationPolicy ?? call.options.get('propagationPolicy');
  if (policy === undefined || policy === null || policy === '') return undefined;
  if (policy === 'Background' || policy === 'Foreground' || policy === 'Orphan') return policy;
  const message = `Unsupported value: "${String(policy)}": supported values: "Foreground", "Background", "Orphan", "nil"`;
  throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
    { reason: 'FieldValueNotSupported', message, field: 'propagationPolicy' },
  ]);
}
