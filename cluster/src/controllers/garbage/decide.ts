import type { DeleteOptions } from '@berth/kube/client';
import type { KubeObject, OwnerReference, Resource } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { keyOf } from '../status.ts';

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

export interface Dependent {
  resource: Resource;
  object: KubeObject;
}

/** Who owns whom, over all resources. */
export interface Ownership {
  find(apiVersion: string, kind: string): Resource | undefined;
  get(resource: Resource, key: { namespace?: string; name: string }): KubeObject | undefined;
  /** Every object with an owner reference of this uid, controlling or not. */
  dependents(uid: string): readonly Dependent[];
}

/**
 * What is to be done about one object: dependents of a foreground deletion awaited, those of an orphaning deletion set free, and
 * an object whose owners are all gone deleted. Source: "Garbage Collection" and "Owners and Dependents" of the Kubernetes documentation.
 */
export function decide(resource: Resource, object: KubeObject, ownership: Ownership): Action[] {
  const { deletionTimestamp, finalizers = [], uid = '' } = object.metadata;
  if (deletionTimestamp !== undefined) {
    if (finalizers.includes(orphanFinalizer))
      return [...setFree(uid, ownership), drop(resource, object, orphanFinalizer)];
    if (finalizers.includes(foregroundFinalizer)) {
      const blocked = ownership
        .dependents(uid)
        .some((each) => referenceTo(each.object, uid)?.blockOwnerDeletion === true);
      return blocked ? [] : [drop(resource, object, foregroundFinalizer)];
    }
    return [];
  }
  return judgeOwners(resource, object, ownership);
}

function judgeOwners(resource: Resource, object: KubeObject, ownership: Ownership): Action[] {
  const owners = object.metadata.ownerReferences ?? [];
  if (owners.length === 0) return [];
  const judged = owners.map((reference) => judge(resource, object, reference, ownership));
  // Of a kind that is not known (here, or not yet): nobody can say that it is gone.
  if (judged.some(({ verdict }) => verdict === 'unknown')) return [];
  const checks = judged.flatMap(({ check }) => check ?? []);
  const solid = judged.some(({ verdict }) => verdict === 'solid');
  const leaving = owners.filter((_, at) => judged[at]?.verdict !== 'solid');
  if (leaving.length === 0) return [];
  if (solid) {
    const uids = new Set(leaving.map((reference) => reference.uid));
    return [...checks, rewrite(resource, object, { ownerReferences: owners.filter(({ uid }) => !uids.has(uid)) })];
  }
  const waiting = judged.some(({ verdict }) => verdict === 'waiting');
  const dependents = ownership.dependents(object.metadata.uid ?? '');
  const hasDependents = dependents.length > 0;
  // Owners that wait for this one, which would wait for them: in a circle nobody may hold the next one up.
  if (waiting && owners.some(blocks) && dependents.some((each) => isWaiting(each.object))) {
    const ownerReferences = owners.map((reference) => ({ ...reference, blockOwnerDeletion: false }));
    return [...checks, rewrite(resource, object, { ownerReferences })];
  }
  return [...checks, removal(resource, object, waiting && hasDependents ? 'Foreground' : undefined)];
}

interface Judgement {
  verdict: 'solid' | 'waiting' | 'gone' | 'unknown';
  /** That the owner is gone, asked of the server itself. */
  check?: Action;
}

function judge(resource: Resource, object: KubeObject, reference: OwnerReference, ownership: Ownership): Judgement {
  const owners = ownership.find(reference.apiVersion, reference.kind);
  // A namespaced owner of a cluster-wide object cannot be named rightly: it is left alone, as in Kubernetes.
  if (!owners || (owners.namespaced && !resource.namespaced)) return { verdict: 'unknown' };
  const { namespace } = object.metadata;
  const key =
    owners.namespaced && namespace !== undefined ? { namespace, name: reference.name } : { name: reference.name };
  const owner = ownership.get(owners, key);
  if (owner?.metadata.uid !== reference.uid) {
    return { verdict: 'gone', check: { type: 'absent', resource: owners, key, uid: reference.uid } };
  }
  return { verdict: isWaiting(owner) ? 'waiting' : 'solid' };
}

/** Whether the object is deleted in the foreground, after its dependents. */
function isWaiting({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(foregroundFinalizer) === true;
}

function blocks(reference: OwnerReference): boolean {
  return reference.blockOwnerDeletion === true;
}

function removal(resource: Resource, object: KubeObject, policy: 'Foreground' | undefined): Action {
  const { uid, resourceVersion, finalizers = [] } = object.metadata;
  const own = finalizers.includes(orphanFinalizer)
    ? 'Orphan'
    : finalizers.includes(foregroundFinalizer)
      ? 'Foreground'
      : 'Background';
  const options: DeleteOptions = {
    propagationPolicy: policy ?? own,
    // Of the version that was judged: it may have been given another owner since.
    preconditions: {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
  return { type: 'delete', resource, key: keyOf(object), options };
}

function setFree(uid: string, ownership: Ownership): Action[] {
  return ownership.dependents(uid).map(({ resource, object }) => {
    const ownerReferences = object.metadata.ownerReferences?.filter((reference) => reference.uid !== uid) ?? [];
    return rewrite(resource, object, { ownerReferences });
  });
}

function drop(resource: Resource, object: KubeObject, finalizer: string): Action {
  return rewrite(resource, object, {
    finalizers: object.metadata.finalizers?.filter((each) => each !== finalizer) ?? [],
  });
}

/** An empty list is no list. */
function rewrite(resource: Resource, object: KubeObject, lists: Record<string, readonly unknown[]>): Action {
  const { uid, resourceVersion } = object.metadata;
  const metadata = Object.fromEntries(
    Object.entries(lists).map(([name, list]) => [name, list.length > 0 ? list : null]),
  );
  const body = { metadata: { uid, resourceVersion, ...metadata } };
  return { type: 'patch', resource, key: keyOf(object), patch: { type: 'merge', body } };
}

function referenceTo(object: KubeObject, uid: string): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.uid === uid);
}
