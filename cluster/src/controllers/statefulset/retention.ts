import {
  type KubeObject,
  type OwnerReference,
  type PersistentVolumeClaim,
  type Pod,
  resources,
  type StatefulSet,
} from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import { controllerReference } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import { claimName, isInRange } from './identity.ts';

/**
 * Makes the claims of a pod go with what they are to go with: a claim that is to be deleted has the set, or the pod once it is scaled away, as
 * its owner, and the garbage collector does the rest. Claims of a former set or pod of the name, or of another controller, are left alone.
 * Source: KEP-1847.
 */
export function ownClaims(set: StatefulSet, pod: Pod, view: View): { updates: Action[]; events: Action[] } {
  const updates: Action[] = [];
  const events: Action[] = [];
  for (const claim of claimsOf(set, pod, view)) {
    if (isForeign(claim, set, pod)) {
      const message = `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
      events.push({ type: 'event', about: set, severity: 'Warning', reason: 'ConflictingController', message });
    }
    if (isOwnedAsWanted(claim, set, pod)) continue;
    const { uid, resourceVersion } = claim.metadata;
    const owners = ownersFor(claim, set, pod);
    const metadata = {
      uid,
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ownerReferences: owners.length > 0 ? owners : null,
    };
    const patch = { type: 'merge' as const, body: { metadata } };
    updates.push({ type: 'patch', resource: resources.persistentVolumeClaims, key: keyOf(claim), patch });
  }
  return { updates, events };
}

/** Whether all claims of the pod that are there have the owners that they should have. */
export function areClaimsOwned(set: StatefulSet, pod: Pod, view: View): boolean {
  return claimsOf(set, pod, view).every((claim) => isOwnedAsWanted(claim, set, pod));
}

/** Whether a claim still belongs to a former pod of the name, and will go with it: a new pod must not find it. */
export function hasStaleClaim(set: StatefulSet, pod: Pod, view: View): boolean {
  if (policyOf(set).whenScaled === 'Retain') return false;
  return claimsOf(set, pod, view).some((claim) => isStale(claim, pod));
}

function claimsOf(set: StatefulSet, pod: Pod, view: View): PersistentVolumeClaim[] {
  const { namespace = '' } = set.metadata;
  return (set.spec?.volumeClaimTemplates ?? []).flatMap(({ metadata }) => {
    const name = claimName(metadata?.name ?? '', pod.metadata.name);
    return view.get(resources.persistentVolumeClaims, { namespace, name }) ?? [];
  });
}

function policyOf({ spec }: StatefulSet) {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = spec?.persistentVolumeClaimRetentionPolicy ?? {};
  return { whenDeleted, whenScaled };
}

function owners({ metadata }: PersistentVolumeClaim): readonly OwnerReference[] {
  return metadata.ownerReferences ?? [];
}

/** The reference means an object of this name, whether or not it is this one. */
function names(reference: OwnerReference, { apiVersion, kind, metadata }: KubeObject): boolean {
  return reference.apiVersion === apiVersion && reference.kind === kind && reference.name === metadata.name;
}

function isOwnedBy(claim: PersistentVolumeClaim, { metadata }: KubeObject): boolean {
  return owners(claim).some(({ uid }) => uid === (metadata.uid ?? ''));
}

function isStale(claim: PersistentVolumeClaim, owner: KubeObject): boolean {
  const found = owners(claim).find((each) => names(each, owner));
  return found !== undefined && found.uid !== (owner.metadata.uid ?? '');
}

/** Somebody else manages the claim, and not only where the policy says that nobody here does. */
function isForeign(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  const { whenDeleted, whenScaled } = policyOf(set);
  if (whenDeleted === 'Retain' && whenScaled === 'Retain') return false;
  for (const each of owners(claim)) {
    const ours = [set, pod].find((owner) => names(each, owner));
    if (ours ? each.uid !== (ours.metadata.uid ?? '') : each.controller === true) return true;
  }
  return false;
}

function isOwnedAsWanted(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  if (isStale(claim, set) || isStale(claim, pod)) return true;
  const bySet = isOwnedBy(claim, set);
  const byPod = isOwnedBy(claim, pod);
  if (isForeign(claim, set, pod)) return !bySet && !byPod;
  const isOurs = ({ uid }: OwnerReference) => uid === set.metadata.uid || uid === (pod.metadata.uid ?? '');
  if (owners(claim).some((each) => isOurs(each) && each.controller !== true)) return false;
  const wanted = wantedOwners(set, pod);
  return bySet === wanted.includes(set) && byPod === wanted.includes(pod);
}

function wantedOwners(set: StatefulSet, pod: Pod): KubeObject[] {
  const { whenDeleted, whenScaled } = policyOf(set);
  if (whenScaled === 'Delete' && !isInRange(set, pod)) return [pod];
  return whenDeleted === 'Delete' ? [set] : [];
}

function ownersFor(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): OwnerReference[] {
  const others = owners(claim).filter((each) => !names(each, set) && !names(each, pod));
  if (isForeign(claim, set, pod)) return others;
  const known = new Set(others.map(({ uid }) => uid));
  const added = wantedOwners(set, pod).filter(({ metadata }) => !known.has(metadata.uid ?? ''));
  return [...others, ...added.map(controllerReference)];
}
