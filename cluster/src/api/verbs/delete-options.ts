import { decodeObject, invalidError } from '@berth/kube/schema';
import type { Call } from '../call.ts';
import { badRequest } from '../faults.ts';
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
  const body = bodyOf(call);
  const query = call.options.get('dryRun');
  const dryRun = (body.dryRun as string[] | undefined) ?? (query ? [query] : []);
  const faults = dryRunFaults(dryRun);
  if (faults.length > 0) throw invalidError({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', faults);
  if (dryRun.length > 0) call.options = new Map([...call.options, ['dryRun', 'All']]);
  const grace = body.gracePeriodSeconds ?? numberOption(call, 'gracePeriodSeconds');
  if (grace !== undefined) options.gracePeriodSeconds = grace as number;
  const policy = policyOf(call, body);
  if (policy !== undefined) options.propagationPolicy = policy;
  if (body.preconditions) options.preconditions = body.preconditions as NonNullable<DeleteOptions['preconditions']>;
  return options;
}

/** The body with the types that its fields must have: what cannot be read must not delete more than was meant. */
function bodyOf(call: Call): Record<string, unknown> {
  const body = call.body ?? {};
  if (!isRecord(body)) throw badRequest('the body of a delete must be an object of kind DeleteOptions');
  checkKind(body);
  const type = { schema: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', kind: 'DeleteOptions', version: 'v1' };
  return decodeObject(type, body, { mode: 'Ignore' }).object as unknown as Record<string, unknown>;
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
    throw invalidError({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      { reason: 'FieldValueInvalid', message, field: 'propagationPolicy' },
    ]);
  }
  if (orphanDependents === true || orphanDependents === 'true') return 'Orphan';
  if (orphanDependents === false || orphanDependents === 'false') return 'Background';
  const policy = body.propagationPolicy ?? call.options.get('propagationPolicy');
  if (policy === undefined || policy === null || policy === '') return undefined;
  if (policy === 'Background' || policy === 'Foreground' || policy === 'Orphan') return policy;
  const message = `Unsupported value: "${String(policy)}": supported values: "Foreground", "Background", "Orphan", "nil"`;
  throw invalidError({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
    { reason: 'FieldValueNotSupported', message, field: 'propagationPolicy' },
  ]);
}
