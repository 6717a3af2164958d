import type { KubeObject } from '@berth/kube/objects';
import type { Revision } from '../../store/index.ts';
import { type AdmissionRequest, settle } from '../admission/admission.ts';
import { type Answer, type Call, isDryRun } from '../call.ts';
import { viewOf } from '../conversion/conversion.ts';
import { isDefinition, terminating } from '../crd/index.ts';
import { conflict } from '../faults.ts';
import type { ServedKind } from '../kinds.ts';
import type { Machinery } from '../machinery.ts';
import { encodeObject, type StoredObject } from '../storage/stored-object.ts';
import { commitIn, contend } from './contend.ts';
import { type DeleteOptions, deleteOptions } from './delete-options.ts';
import { isFinished } from './rewrite.ts';
import { timestamp } from './time.ts';
import type { Turn } from './turns.ts';

const orphan = 'orphan';
const foreground = 'foregroundDeletion';

/** Deletes an object, or marks it as being deleted while finalizers, dependents or a grace period hold it. */
export async function remove(machinery: Machinery, call: Call): Promise<Answer> {
  return await removeObject(machinery, call, deleteOptions(call));
}

export async function removeObject(machinery: Machinery, call: Call, options: DeleteOptions): Promise<Answer> {
  return await contend(machinery, call, async (current, turn) => {
    checkPreconditions(call, options, current);
    return await attempt(machinery, call, options, { current, turn });
  });
}

async function attempt(
  machinery: Machinery,
  call: Call,
  options: DeleteOptions,
  { current, turn }: { current: StoredObject; turn: Turn },
): Promise<Answer> {
  const { storage, admission } = machinery;
  const { kind } = call;
  const { key, revision: expected } = current;
  const view = await viewOf(kind, current);
  const request: AdmissionRequest = {
    operation: 'DELETE',
    call,
    subresource: '',
    name: call.name,
    namespace: call.namespace,
    object: view.object,
    old: view.object,
    dryRun: isDryRun(call),
    settled: [],
    options: { ...options },
  };
  let kept = false;
  try {
    await admission.admit(request);
    await admission.check(request);
    const next = markDeleted(machinery, current.object, options);
    const gone = isFinished(next);
    if (request.dryRun) return gone ? { type: 'deleted', object: view } : await object(kind, current, next);
    if (gone) {
      const revision = await commitIn(turn, storage, { type: 'delete', key, expected });
      kept = true;
      // A pod's last state is answered, as for other kinds whose deletion usually takes time.
      return { type: 'deleted', object: view.at(revision) };
    }
    if (next === current.object) return { type: 'object', object: view };
    let stored = current;
    const value = (revision: Revision) => {
      stored = encodeObject(key, next, revision);
      return stored.bytes;
    };
    await commitIn(turn, storage, { type: 'put', key, expected, value });
    kept = true;
    return { type: 'object', object: await viewOf(kind, stored) };
  } finally {
    settle(request, kept);
  }
}

async function object(kind: ServedKind, current: StoredObject, next: KubeObject): Promise<Answer> {
  return { type: 'object', object: await viewOf(kind, encodeObject(current.key, next, current.revision)) };
}

function checkPreconditions(call: Call, options: DeleteOptions, { object, revision }: StoredObject): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { description } = call.kind;
  // A namespace is deleted in its own way, which says it in its own words and names the resource.
  const isNamespace = description.group === '' && description.kind === 'Namespace';
  const ref = isNamespace ? description : { group: description.group, resource: description.kind };
  const record = object.metadata.uid;
  if (uid !== undefined && uid !== record) {
    const why = isNamespace
      ? `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${record}`
      : `the UID in the precondition (${uid}) does not match the UID in record (${record}). The object might have been deleted and then recreated`;
    throw conflict(ref, call.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== String(revision)) {
    const why = isNamespace
      ? `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${revision}`
      : `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${revision}). The object might have been modified`;
    throw conflict(ref, call.name, why);
  }
}

/** The object with the marks of deletion; itself when it bears them already. */
function markDeleted(machinery: Machinery, current: KubeObject, options: DeleteOptions): KubeObject {
  const { metadata } = current;
  const finalizers = finalizersFor(metadata.finalizers ?? [], options);
  const grace = gracePeriod(current, options);
  const held = metadata.deletionGracePeriodSeconds;
  const deleting = metadata.deletionTimestamp !== undefined;
  const sameFinalizers = finalizers.length === (metadata.finalizers?.length ?? 0);
  if (deleting && sameFinalizers && grace >= (held ?? 0)) return current;

  const seconds = deleting ? Math.min(grace, held ?? 0) : grace;
  const begun = deleting
    ? Date.parse(metadata.deletionTimestamp ?? '') - (held ?? 0) * 1000
    : machinery.now().getTime();
  const next: KubeObject = {
    ...current,
    metadata: {
      ...metadata,
      deletionTimestamp: timestamp(new Date(begun + seconds * 1000)),
      deletionGracePeriodSeconds: seconds,
    },
  };
  if (finalizers.length > 0) next.metadata.finalizers = finalizers;
  else delete next.metadata.finalizers;
  if (metadata.generation !== undefined && !deleting) next.metadata.generation = metadata.generation + 1;
  if (current.kind === 'Namespace') next.status = { ...(current.status as object | undefined), phase: 'Terminating' };
  if (isDefinition(next) && !deleting) return terminating(next, machinery.now());
  return next;
}

function finalizersFor(present: readonly string[], options: DeleteOptions): string[] {
  if (options.propagationPolicy === undefined) return [...present];
  const others = present.filter((finalizer) => finalizer !== orphan && finalizer !== foreground);
  if (options.propagationPolicy === 'Orphan') return [...others, orphan];
  if (options.propagationPolicy === 'Foreground') return [...others, foreground];
  return others;
}

/** Only pods that a node has to stop get time; whole seconds. */
function gracePeriod(current: KubeObject, options: DeleteOptions): number {
  if (current.kind !== 'Pod' || current.apiVersion !== 'v1') return 0;
  const spec = current.spec as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const phase = (current.status as { phase?: string } | undefined)?.phase;
  if (!spec?.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
  const asked = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
  return asked < 0 ? 1 : asked;
}
