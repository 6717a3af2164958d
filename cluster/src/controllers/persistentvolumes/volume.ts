import { type ObjectKey, type PersistentVolume, type PersistentVolumeClaim, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { annotations, isHeldFor, modeOf } from '../../claims/index.ts';
import { volumePatch, volumePhase } from './patches.ts';

/** Keeps each volume's phase, and what becomes of it when its claim is gone. */
export const volumeController: Reconciler<PersistentVolume> = {
  name: 'persistentvolume-controller',
  resource: resources.persistentVolumes,
  watches: [{ resource: resources.persistentVolumeClaims, concerns: volumesAround }],
  reconcile(volume: PersistentVolume, view: View, now: number): Outcome {
    return { actions: decide(volume, view, now) };
  },
};

function decide(volume: PersistentVolume, view: View, now: number): Action[] {
  const ref = volume.spec?.claimRef;
  // Without a uid it is kept for a claim that may still come.
  if (!ref?.uid) return volumePhase(volume, 'Available', now);
  const found = view.get(resources.persistentVolumeClaims, { namespace: ref.namespace ?? '', name: ref.name ?? '' });
  const claim = found?.metadata.uid === ref.uid ? found : undefined;
  if (!claim) return released(volume, now);
  const { name } = volume.metadata;
  if (!claim.spec?.volumeName) return modeOf(claim) === modeOf(volume) ? [] : mismatch(volume, claim);
  if (claim.spec.volumeName === name) return volumePhase(volume, 'Bound', now);
  // The claim took another one.
  const provisioned = volume.metadata.annotations?.[annotations.provisionedBy] !== undefined;
  if (provisioned && volume.spec?.persistentVolumeReclaimPolicy === 'Delete') return released(volume, now);
  return unbind(volume);
}

function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): Action[] {
  const warning = (about: PersistentVolume | PersistentVolumeClaim, message: string): Action => ({
    type: 'event',
    about,
    severity: 'Warning',
    reason: 'VolumeMismatch',
    message,
  });
  const why = 'due to incompatible volumeMode.';
  const { name } = volume.metadata;
  return [
    warning(volume, `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" ${why}`),
    warning(claim, `Cannot bind PersistentVolume "${name}" to requested PersistentVolumeClaim ${why}`),
  ];
}

/** Takes the claim out of the volume; what the user wrote stays, without the uid that made it this claim's. */
function unbind(volume: PersistentVolume): Action[] {
  const ours = volume.metadata.annotations?.[annotations.boundByController] !== undefined;
  if (!ours) return [volumePatch(volume, { spec: { claimRef: { uid: null, resourceVersion: null } } })];
  const metadata = { annotations: { [annotations.boundByController]: null } };
  return [volumePatch(volume, { metadata, spec: { claimRef: null } })];
}

/** The claim is gone: the data stays with `Retain`, and goes by its provisioner's hand with `Delete`. */
function released(volume: PersistentVolume, now: number): Action[] {
  const { phase } = volume.status ?? {};
  const { namespace = '', name = '', uid = '' } = volume.spec?.claimRef ?? {};
  // What follows cannot be undone: the server is asked whether the claim is truly gone, or only not seen yet.
  const gone: Action = { type: 'absent', resource: resources.persistentVolumeClaims, key: { namespace, name }, uid };
  const release = phase === 'Released' || phase === 'Failed' ? [] : [gone, ...volumePhase(volume, 'Released', now)];
  const policy = volume.spec?.persistentVolumeReclaimPolicy;
  if (policy === 'Recycle')
    return failed(volume, now, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
  const elsewhere = volume.metadata.annotations?.[annotations.provisionedBy] !== undefined || volume.spec?.csi;
  if (policy !== 'Delete' || elsewhere) return release;
  const why = `error getting deleter volume plugin for volume "${volume.metadata.name}": no deletable volume plugin matched`;
  return failed(volume, now, 'VolumeFailedDelete', why);
}

function failed(volume: PersistentVolume, now: number, reason: string, message: string): Action[] {
  const writes = volumePhase(volume, 'Failed', now, message);
  if (writes.length === 0) return [];
  return [...writes, { type: 'event', about: volume, severity: 'Warning', reason, message }];
}

function volumesAround(claim: PersistentVolumeClaim, view: View): ObjectKey[] {
  const { volumeName } = claim.spec ?? {};
  const held = view.list(resources.persistentVolumes).filter((volume) => isHeldFor(volume, claim));
  return [...(volumeName ? [{ name: volumeName }] : []), ...held.map(({ metadata }) => ({ name: metadata.name }))];
}
