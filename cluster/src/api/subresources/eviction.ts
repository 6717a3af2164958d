import { setTimeout } from 'node:timers/promises';
import { isBerthError } from '@berth/kube/errors';
import type { KubeObject, Pod } from '@berth/kube/objects';
import { invalidError } from '@berth/kube/schema';
import { admitted, withoutAdmission } from '../admission/values.ts';
import { type Answer, type Call, isDryRun } from '../call.ts';
import { badRequest, conflict } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { isRecord } from '../verbs/decode.ts';
import { removeObject } from '../verbs/delete.ts';
import { type DeleteOptions, deleteOptions } from '../verbs/delete-options.ts';
import { find } from '../verbs/get.ts';
import { rewrite } from '../verbs/rewrite.ts';
import { timestamp } from '../verbs/time.ts';
import { beingProcessed, budgetOf, isGuarded, spend } from './disruption-budget.ts';

const attempts = 20;

/**
 * Deletes a pod unless a disruption budget forbids it; then 429. A pod that disturbs nobody by going (it ended, never started, or is going
 * already) is asked about nowhere. Source: "API-initiated Eviction" of the Kubernetes documentation.
 */
export async function eviction(machinery: Machinery, call: Call): Promise<Answer> {
  if (nameIn(call) !== call.name) throw badRequest('name in URL does not match name in Eviction object');
  checkOptions(call);
  const body = await admittedEviction(machinery, call);
  const deletion: Call = { ...call, verb: 'delete', subresource: undefined, body: body.deleteOptions ?? {} };
  const options = deleteOptions(deletion);
  const unasked = withoutAdmission(machinery);
  for (let tries = 1; ; tries++) {
    const stored = await find(machinery, { ...call, options: new Map() });
    const pod = stored.object as Pod;
    if (isGuarded(pod)) {
      await evictGuarded(unasked, deletion, options, { stored, pod });
      break;
    }
    try {
      const isOver = pod.status?.phase !== 'Pending' || pod.metadata.deletionTimestamp !== undefined;
      await takeAway(unasked, deletion, isOver ? options : atVersion(options, stored));
      break;
    } catch (error) {
      // A pod that starts meanwhile may be one that a budget guards.
      const isBehind = isBerthError(error, 'Conflict') && options.preconditions === undefined && tries < attempts;
      if (!isBehind) throw error;
      await setTimeout(tries);
    }
  }
  return {
    type: 'value',
    created: true,
    value: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}

/** What the eviction calls the pod. */
function nameIn({ body }: Call): unknown {
  const metadata = isRecord(body) ? body.metadata : undefined;
  return isRecord(metadata) ? metadata.name : undefined;
}

function checkOptions({ body, name }: Call): void {
  const options = isRecord(body) ? body.deleteOptions : undefined;
  if (!isRecord(options) || options.ignoreStoreReadErrorWithClusterBreakingPotential !== true) return;
  const message = 'Invalid value: true: can not be set for pod eviction, try after removing the option';
  const field = 'deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential';
  throw invalidError({ group: 'policy', kind: 'Eviction' }, name, [{ reason: 'FieldValueInvalid', message, field }]);
}

/** As in Kubernetes, the eviction is admitted, and the deletion that follows from it is not asked about again. */
async function admittedEviction(machinery: Machinery, call: Call): Promise<KubeObject> {
  const body = isRecord(call.body) ? call.body : {};
  const metadata = { ...(isRecord(body.metadata) ? body.metadata : {}), name: call.name, namespace: call.namespace };
  const object: KubeObject = { ...body, kind: 'Eviction', apiVersion: 'policy/v1', metadata };
  return await admitted(machinery, call, { operation: 'CREATE', object });
}

/** The eviction of a pod whose budget, if it has one, is asked. */
async function evictGuarded(
  machinery: Machinery,
  deletion: Call,
  options: DeleteOptions,
  { stored, pod }: { stored: StoredObject; pod: Pod },
): Promise<void> {
  const budget = budgetOf(machinery, pod);
  if (!budget) return await takeAway(machinery, deletion, options);
  if ((await spend(machinery, deletion, budget, pod)) === 'spent') return await takeAway(machinery, deletion, options);
  try {
    // It was not healthy, and must not have become so meanwhile.
    await takeAway(machinery, deletion, atVersion(options, stored));
  } catch (error) {
    const isBehind = isBerthError(error, 'Conflict') && options.preconditions?.resourceVersion === undefined;
    throw isBehind ? beingProcessed(budget.object.metadata.name) : error;
  }
}

function atVersion(options: DeleteOptions, { revision }: StoredObject): DeleteOptions {
  const { preconditions } = options;
  if (preconditions?.resourceVersion !== undefined) return options;
  return { ...options, preconditions: { ...preconditions, resourceVersion: String(revision) } };
}

/** Says in the pod why it goes, and deletes it. */
async function takeAway(machinery: Machinery, deletion: Call, options: DeleteOptions): Promise<void> {
  if (isDryRun(deletion)) {
    await removeObject(machinery, deletion, options);
    return;
  }
  const subresource = deletion.kind.subresources.get('status');
  const marking: Call = { ...deletion, verb: 'update', subresource };
  const marked = await rewrite(machinery, marking, (current) => disrupted(machinery, options, current as Pod), {
    ownership: 'given',
  });
  const { preconditions } = options;
  const isVersioned = preconditions?.resourceVersion !== undefined;
  const next = isVersioned ? { preconditions: { ...preconditions, resourceVersion: String(marked.revision) } } : {};
  await removeObject(machinery, deletion, { ...options, ...next });
}

function disrupted(machinery: Machinery, { preconditions = {} }: DeleteOptions, current: Pod): KubeObject {
  const { uid, resourceVersion } = current.metadata;
  const { name } = current.metadata;
  const ref = { group: '', resource: 'Pod' };
  if (preconditions.uid && preconditions.uid !== uid) {
    const why = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(ref, name, why);
  }
  if (preconditions.resourceVersion && preconditions.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict(ref, name, why);
  }
  const conditions = current.status?.conditions ?? [];
  const present = conditions.find(({ type }) => type === 'DisruptionTarget');
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastTransitionTime: present?.status === 'True' ? present.lastTransitionTime : timestamp(machinery.now()),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  };
  const next = present ? conditions.map((each) => (each === present ? condition : each)) : [...conditions, condition];
  const { resourceVersion: _, ...metadata } = current.metadata;
  return { ...current, metadata, status: { ...current.status, conditions: next } };
}
