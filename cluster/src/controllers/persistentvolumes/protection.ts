import {
  type ObjectKey,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  resources,
} from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { claimNamesOf, finalizers, foreignClaim } from '../../claims/index.ts';
import { claimPatch, volumePatch } from './patches.ts';

/** A claim that a pod uses stays until the pod has gone. Source: "Storage Object in Use Protection". */
export const claimProtection: Reconciler<PersistentVolumeClaim> = {
  name: 'pvc-protection-controller',
  resource: resources.persistentVolumeClaims,
  watches: [{ resource: resources.pods, concerns: claimsOf }],
  reconcile: (claim: PersistentVolumeClaim, view: View): Outcome => ({
    actions: protect(claim, finalizers.claim, () => isUsed(claim, view), claimPatch),
  }),
};

/** A volume that is bound stays until its claim has gone. */
export const volumeProtection: Reconciler<PersistentVolume> = {
  name: 'pv-protection-controller',
  resource: resources.persistentVolumes,
  watches: [],
  reconcile: (volume: PersistentVolume): Outcome => ({
    actions: protect(volume, finalizers.volume, () => volume.status?.phase === 'Bound', volumePatch),
  }),
};

function protect<T extends PersistentVolume | PersistentVolumeClaim>(
  object: T,
  finalizer: string,
  used: () => boolean,
  patch: (object: T, body: { metadata: Record<string, unknown> }) => Action,
): Action[] {
  const present = object.metadata.finalizers ?? [];
  const guarded = present.includes(finalizer);
  if (object.metadata.deletionTimestamp === undefined) {
    return guarded ? [] : [patch(object, { metadata: { finalizers: [...present, finalizer] } })];
  }
  if (!guarded || used()) return [];
  return [patch(object, { metadata: { finalizers: present.filter((name) => name !== finalizer) } })];
}

/** Only pods with a node count: none is started any more that refers to a claim on its way out. */
function isUsed(claim: PersistentVolumeClaim, view: View): boolean {
  const { namespace = '', name } = claim.metadata;
  return view.list(resources.pods, { namespace }).some((pod) => {
    if (!pod.spec?.nodeName) return false;
    return (pod.spec.volumes ?? []).some((volume) => {
      if (volume.persistentVolumeClaim?.claimName === name) return true;
      const made = volume.ephemeral && `${pod.metadata.name}-${volume.name}` === name;
      return made && !isOver(pod) && foreignClaim(pod, claim) === undefined;
    });
  });
}

/** The node has given everything back, and only owners' wishes keep the object. */
const isOver = ({ metadata }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;

function claimsOf(pod: Pod): ObjectKey[] {
  const { namespace = '' } = pod.metadata;
  return claimNamesOf(pod).map((name) => ({ namespace, name }));
}
