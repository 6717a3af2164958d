import { type PersistentVolume, type PersistentVolumeClaim, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { rfc3339 } from '../conditions.ts';
import { keyOf, statusActions } from '../status.ts';

type Fields = Record<string, unknown>;

/** A change that counts only while the volume is as it was seen: two claims must not be given one volume. */
export function volumePatch(volume: PersistentVolume, body: { metadata?: Fields; spec?: Fields }): Action {
  const { uid, resourceVersion } = volume.metadata;
  const patch = { type: 'merge' as const, body: { ...body, metadata: { ...body.metadata, uid, resourceVersion } } };
  return { type: 'patch', resource: resources.persistentVolumes, key: keyOf(volume), patch };
}

/** A change of the claim, as long as it is the one that was seen. */
export function claimPatch(claim: PersistentVolumeClaim, body: { metadata?: Fields; spec?: Fields }): Action {
  const { uid, resourceVersion } = claim.metadata;
  const patch = { type: 'merge' as const, body: { ...body, metadata: { ...body.metadata, uid, resourceVersion } } };
  return { type: 'patch', resource: resources.persistentVolumeClaims, key: keyOf(claim), patch };
}

type VolumePhase = 'Available' | 'Bound' | 'Released' | 'Failed';

/** The write that brings a volume into a phase; none when it is there. */
export function volumePhase(volume: PersistentVolume, phase: VolumePhase, now: number, message?: string): Action[] {
  if (volume.status?.phase === phase && (volume.status.message ?? '') === (message ?? '')) return [];
  const { message: _, reason: __, ...before } = volume.status ?? {};
  const since = volume.status?.phase === phase ? {} : { lastPhaseTransitionTime: rfc3339(now) };
  const said = message === undefined ? {} : { message };
  return statusActions(resources.persistentVolumes, volume, { ...before, phase, ...since, ...said });
}

/** The write that brings a claim into a phase. A claim that has a volume shows what the volume offers. */
export function claimPhase(
  claim: PersistentVolumeClaim,
  phase: 'Pending' | 'Bound' | 'Lost',
  volume?: PersistentVolume,
): Action[] {
  const { accessModes: _, capacity: __, ...rest } = claim.status ?? {};
  const offered = volume && {
    accessModes: volume.spec?.accessModes,
    // What was resized shows its own size, once it is bound.
    capacity:
      claim.status?.phase === 'Bound' ? (claim.status.capacity ?? volume.spec?.capacity) : volume.spec?.capacity,
  };
  return statusActions(resources.persistentVolumeClaims, claim, { ...rest, phase, ...offered });
}
