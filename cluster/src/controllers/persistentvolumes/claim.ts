import {
  type ObjectKey,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  resources,
  type StorageClass,
} from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import {
  annotations,
  claimNamesOf,
  classOf,
  defaultClass,
  findVolume,
  hasNoClass,
  isHeldFor,
  misfit,
  waitsForConsumer,
} from '../../claims/index.ts';
import { keyOf } from '../status.ts';
import { bind } from './bind.ts';
import { claimPatch, claimPhase } from './patches.ts';

/** Finds each claim its volume, or has one provisioned. Source: "Persistent Volumes" of the Kubernetes documentation. */
export const claimController: Reconciler<PersistentVolumeClaim> = {
  name: 'persistentvolume-controller',
  resource: resources.persistentVolumeClaims,
  watches: [
    { resource: resources.persistentVolumes, concerns: claimsAround },
    { resource: resources.storageClasses, concerns: claimsOfClass },
    { resource: resources.pods, concerns: claimsOfPod },
  ],
  reconcile(claim: PersistentVolumeClaim, view: View, now: number): Outcome {
    const completed = claim.metadata.annotations?.[annotations.bindCompleted] !== undefined;
    return { actions: completed ? keepBound(claim, view, now) : findOne(claim, view, now) };
  },
};

function findOne(claim: PersistentVolumeClaim, view: View, now: number): Action[] {
  const wanted = claim.spec?.volumeName;
  if (wanted) return bindNamed(claim, view.get(resources.persistentVolumes, { name: wanted }), now);
  const storageClass = view.get(resources.storageClasses, { name: classOf(claim) });
  const delayed = waitsForConsumer(storageClass);
  const volume = findVolume({ claim, volumes: view.list(resources.persistentVolumes), heldOnly: delayed });
  if (volume) return bind(volume, claim, now);
  const fallback = hasNoClass(claim) ? defaultClass(view.list(resources.storageClasses)) : undefined;
  // A claim that was made before there was a default gets it now.
  if (fallback) return [claimPatch(claim, { spec: { storageClassName: fallback.metadata.name } })];
  const pending = claimPhase(claim, 'Pending');
  if (delayed && claim.metadata.annotations?.[annotations.selectedNode] === undefined) {
    return [waiting(claim, view), ...pending];
  }
  if (classOf(claim) !== '') return [...provision(claim, storageClass), ...pending];
  const message = 'no persistent volumes available for this claim and no storage class is set';
  return [event(claim, 'Normal', 'FailedBinding', message), ...pending];
}

/** The claim says which volume it wants. */
function bindNamed(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined, now: number): Action[] {
  const pending = claimPhase(claim, 'Pending');
  if (!volume) return pending;
  const { name } = volume.metadata;
  if (!volume.spec?.claimRef) {
    const why = misfit(volume, claim);
    if (why === undefined) return bind(volume, claim, now);
    return [event(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume "${name}": ${why}`), ...pending];
  }
  if (isHeldFor(volume, claim)) return bind(volume, claim, now);
  const message = `volume "${name}" already bound to a different claim.`;
  return [event(claim, 'Warning', 'FailedBinding', message), ...pending];
}

/** A binding that was completed once never goes back: without its volume, the claim is lost. */
function keepBound(claim: PersistentVolumeClaim, view: View, now: number): Action[] {
  const lost = (reason: string, message: string): Action[] => {
    if (claim.status?.phase === 'Lost') return [];
    return [...claimPhase(claim, 'Lost'), event(claim, 'Warning', reason, message)];
  };
  const name = claim.spec?.volumeName;
  if (!name) {
    return lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  }
  const volume = view.get(resources.persistentVolumes, { name });
  if (!volume) return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  const ref = volume.spec?.claimRef;
  if (!ref || ref.uid === claim.metadata.uid || isHeldFor(volume, claim)) return bind(volume, claim, now);
  return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

function waiting(claim: PersistentVolumeClaim, view: View): Action {
  const { namespace = '', name } = claim.metadata;
  const pods = view
    .list(resources.pods, { namespace })
    .filter((pod) => !pod.spec?.nodeName && claimNamesOf(pod).includes(name))
    .map(({ metadata }) => metadata.name);
  if (pods.length === 0) {
    return event(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  }
  const who = `pod${pods.length > 1 ? 's' : ''} ${pods.join(',')}`;
  return event(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${who} to be scheduled`);
}

/** Hands the claim to the provisioner of its class: none runs in here. */
function provision(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): Action[] {
  if (!storageClass) {
    const message = `storageclass.storage.k8s.io "${classOf(claim)}" not found`;
    return [event(claim, 'Warning', 'ProvisioningFailed', message)];
  }
  const { provisioner } = storageClass;
  if (provisioner.startsWith('kubernetes.io/')) {
    return [event(claim, 'Warning', 'ProvisioningFailed', `no volume plugin matched name: ${provisioner}`)];
  }
  const marks = { [annotations.provisioner]: provisioner, [annotations.betaProvisioner]: provisioner };
  const told = Object.entries(marks).every(([name, value]) => claim.metadata.annotations?.[name] === value);
  if (told) return [];
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  return [
    claimPatch(claim, { metadata: { annotations: marks } }),
    event(claim, 'Normal', 'ExternalProvisioning', message),
  ];
}

function event(about: PersistentVolumeClaim, severity: 'Normal' | 'Warning', reason: string, message: string): Action {
  return { type: 'event', about, severity, reason, message };
}

function claimsAround(volume: PersistentVolume, view: View): ObjectKey[] {
  const ref = volume.spec?.claimRef;
  const held = ref?.name ? [{ namespace: ref.namespace ?? '', name: ref.name }] : [];
  const others = view.list(resources.persistentVolumeClaims).filter((claim) => {
    if (claim.spec?.volumeName) return claim.spec.volumeName === volume.metadata.name;
    return !ref && classOf(claim) === classOf(volume);
  });
  return [...held, ...others.map(keyOf)];
}

function claimsOfClass(storageClass: StorageClass, view: View): ObjectKey[] {
  return view
    .list(resources.persistentVolumeClaims)
    .filter((claim) => !claim.spec?.volumeName && (hasNoClass(claim) || classOf(claim) === storageClass.metadata.name))
    .map(keyOf);
}

/** Only what waits for its first consumer has something to say about pods. */
function claimsOfPod(pod: Pod, view: View): ObjectKey[] {
  if (pod.spec?.nodeName) return [];
  const { namespace = '' } = pod.metadata;
  return claimNamesOf(pod)
    .map((name) => ({ namespace, name }))
    .filter((key) => view.get(resources.persistentVolumeClaims, key)?.spec?.volumeName === undefined);
}
