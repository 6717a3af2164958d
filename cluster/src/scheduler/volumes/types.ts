import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@berth/kube/objects';

/** Claims and volumes as the scheduler counts them, decisions that are not yet confirmed included. */
export interface StorageView {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  /** Names of volumes that are promised to a claim. */
  readonly taken: ReadonlySet<string>;
}

/** What is to be written for a pod's claims before the pod is bound to its node. */
export interface VolumePlan {
  /** Claims that get a volume which is there. */
  bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[];
  /** Claims that are told the node for their provisioner. */
  provisions: PersistentVolumeClaim[];
}

/** The claims of a pod, once all are there. */
export interface PodClaims {
  bound: readonly PersistentVolumeClaim[];
  /** Those that wait for the node. */
  delayed: readonly PersistentVolumeClaim[];
}

export const noStorage: StorageView = {
  claim: () => undefined,
  volume: () => undefined,
  volumes: () => [],
  storageClass: () => undefined,
  taken: new Set(),
};
