import type { PersistentVolume, PersistentVolumeClaim } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { annotations, isHeldFor } from '../../claims/index.ts';
import { claimPatch, claimPhase, volumePatch, volumePhase } from './patches.ts';

/**
 * Ties volume and claim to each other, in the order that survives an end at any point: the volume is reserved first, and
 * whoever comes next finishes what it finds begun.
 */
export function bind(volume: PersistentVolume, claim: PersistentVolumeClaim, now: number): Action[] {
  return [...reserve(volume, claim), ...volumePhase(volume, 'Bound', now), ...complete(claim, volume)];
}

/** Writes the claim into the volume. The annotation says that it was not the user's doing, and so may be undone. */
export function reserve(volume: PersistentVolume, claim: PersistentVolumeClaim): Action[] {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  if (volume.spec?.claimRef?.uid === uid && isHeldFor(volume, claim)) return [];
  const metadata = volume.spec?.claimRef ? {} : { annotations: { [annotations.boundByController]: 'yes' } };
  const claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion };
  return [volumePatch(volume, { metadata, spec: { claimRef } })];
}

function complete(claim: PersistentVolumeClaim, volume: PersistentVolume): Action[] {
  const { name } = volume.metadata;
  const named = claim.spec?.volumeName === name;
  const marks = {
    [annotations.bindCompleted]: 'yes',
    ...(named ? {} : { [annotations.boundByController]: 'yes' }),
  };
  const marked = claim.metadata.annotations?.[annotations.bindCompleted] !== undefined;
  const spec = named ? {} : { spec: { volumeName: name } };
  const written = named && marked ? [] : [claimPatch(claim, { metadata: { annotations: marks }, ...spec })];
  return [...written, ...claimPhase(claim, 'Bound', volume)];
}
