/** Annotations that those who bind, provision and schedule tell each other by. Source: "Well-Known Labels, Annotations and Taints". */
export const annotations = {
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  selectedNode: 'volume.kubernetes.io/selected-node',
  provisioner: 'volume.kubernetes.io/storage-provisioner',
  betaProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
  betaClass: 'volume.beta.kubernetes.io/storage-class',
  defaultClass: 'storageclass.kubernetes.io/is-default-class',
  betaDefaultClass: 'storageclass.beta.kubernetes.io/is-default-class',
} as const;

export const finalizers = {
  claim: 'kubernetes.io/pvc-protection',
  volume: 'kubernetes.io/pv-protection',
  /** Held by whoever provisioned a volume until what lies behind it is gone. */
  provisioned: 'external-provisioner.volume.kubernetes.io/finalizer',
} as const;

/** The provisioner of volumes that are directories of a node. */
export const localProvisioner = 'berth.dev/local';
