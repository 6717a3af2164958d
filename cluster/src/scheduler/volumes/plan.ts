import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@berth/kube/objects';
import { bytes } from '@berth/kube/quantity';
import {
  annotations,
  claimNameOf,
  classOf,
  findVolume,
  foreignClaim,
  isReachable,
  waitsForConsumer,
} from '../../claims/index.ts';
import type { PodClaims, StorageView, VolumePlan } from './types.ts';

/** The pod's claims, or what keeps it from every node, in kube-scheduler's words; undefined for a pod without claims. */
export function claimsOf(pod: Pod, storage: StorageView): PodClaims | { reason: string } | undefined {
  const { namespace = '' } = pod.metadata;
  const bound: PersistentVolumeClaim[] = [];
  const delayed: PersistentVolumeClaim[] = [];
  let immediate = false;
  for (const volume of pod.spec?.volumes ?? []) {
    const name = claimNameOf(pod, volume);
    if (name === undefined) continue;
    const quoted = `persistentvolumeclaim "${name}"`;
    const claim = storage.claim(namespace, name);
    if (!claim) {
      const made = `waiting for ephemeral volume controller to create the ${quoted}`;
      return { reason: volume.ephemeral ? made : `${quoted} not found` };
    }
    if (claim.status?.phase === 'Lost') {
      return { reason: `${quoted} bound to non-existent persistentvolume "${claim.spec?.volumeName}"` };
    }
    if (claim.metadata.deletionTimestamp) return { reason: `${quoted} is being deleted` };
    const foreign = volume.ephemeral && foreignClaim(pod, claim);
    if (foreign) return { reason: foreign };
    if (isBound(claim)) bound.push(claim);
    else if (!claim.spec?.volumeName && waitsForConsumer(storage.storageClass(classOf(claim)))) delayed.push(claim);
    else immediate = true;
  }
  if (immediate) return { reason: 'pod has unbound immediate PersistentVolumeClaims' };
  return bound.length + delayed.length > 0 ? { bound, delayed } : undefined;
}

export const isBound = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  spec?.volumeName !== undefined && metadata.annotations?.[annotations.bindCompleted] !== undefined;

/** How the claims would be served on a node, or why they cannot be. */
export function planVolumes(claims: PodClaims, node: Node, storage: StorageView): VolumePlan | readonly string[] {
  const refusals = [...boundElsewhere(claims.bound, node, storage)];
  const plan = delayedOn(claims.delayed, node, storage);
  if (!plan) refusals.push("node(s) didn't find available persistent volumes to bind");
  return refusals.length > 0 || !plan ? refusals : plan;
}

function boundElsewhere(bound: readonly PersistentVolumeClaim[], node: Node, storage: StorageView): string[] {
  const volumes = bound.map(({ spec }) => storage.volume(spec?.volumeName ?? ''));
  const refusals: string[] = [];
  if (volumes.some((volume) => volume && !isReachable(volume, node))) {
    refusals.push("node(s) didn't match PersistentVolume's node affinity");
  }
  if (volumes.includes(undefined)) {
    refusals.push('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
  }
  return refusals;
}

function delayedOn(
  delayed: readonly PersistentVolumeClaim[],
  node: Node,
  storage: StorageView,
): VolumePlan | undefined {
  const taken = new Set(storage.taken);
  const plan: VolumePlan = { bindings: [], provisions: [] };
  // The smallest first, so that a large volume is left for who needs it.
  for (const claim of delayed.toSorted((a, b) => requestOf(a) - requestOf(b))) {
    const selected = claim.metadata.annotations?.[annotations.selectedNode];
    if (selected !== undefined && selected !== node.metadata.name) return undefined;
    const volumes = storage.volumes();
    const volume: PersistentVolume | undefined =
      selected === undefined ? findVolume({ claim, volumes, node, taken }) : undefined;
    if (volume) {
      taken.add(volume.metadata.name);
      plan.bindings.push({ claim, volume });
    } else if (canProvision(storage.storageClass(classOf(claim)), node)) plan.provisions.push(claim);
    else return undefined;
  }
  return plan;
}

function canProvision(storageClass: StorageClass | undefined, node: Node): boolean {
  if (!storageClass || storageClass.provisioner === 'kubernetes.io/no-provisioner') return false;
  const { allowedTopologies = [] } = storageClass;
  if (allowedTopologies.length === 0) return true;
  const { labels = {} } = node.metadata;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')),
  );
}

const requestOf = ({ spec }: PersistentVolumeClaim): number =>
  bytes((spec?.resources?.requests?.storage ?? 0) as string);
