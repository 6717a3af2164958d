import { join } from 'node:path';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@berth/kube/objects';
import { annotations, classOf, finalizers, localProvisioner } from '../../claims/index.ts';

/** What a claim leads to: a volume to make, or a sentence that says why there will be none. */
export type Provision = { volume: PersistentVolume } | { refusal: string };

/**
 * Decides about a claim that was given to this node; undefined when there is nothing to do for it. `root`: the directory that holds
 * the node's volumes.
 */
export function provisionFor(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  where: { owns(node: string): boolean; root: string },
): Provision | undefined {
  const marks = claim.metadata.annotations ?? {};
  const node = marks[annotations.selectedNode];
  if (marks[annotations.provisioner] !== localProvisioner || node === undefined || !where.owns(node)) return undefined;
  if (claim.spec?.volumeName || claim.metadata.deletionTimestamp !== undefined || !storageClass) return undefined;
  const refusal = refusalOf(claim, storageClass);
  if (refusal !== undefined) {
    return { refusal: `failed to provision volume with StorageClass "${classOf(claim)}": ${refusal}` };
  }
  return { volume: volumeOf(claim, storageClass, node, where.root) };
}

const singleNode: readonly string[] = ['ReadWriteOnce', 'ReadWriteOncePod'];

function refusalOf({ spec }: PersistentVolumeClaim, { mountOptions = [] }: StorageClass): string | undefined {
  if (spec?.selector) return 'claim Selector is not supported';
  if (spec?.dataSource || spec?.dataSourceRef) return 'a directory is never made from a data source';
  if (spec?.volumeMode === 'Block') return 'a directory is no block device: volumeMode Block is not supported';
  if (mountOptions.length > 0) return 'a directory is not mounted: mountOptions are not supported';
  const other = spec?.accessModes?.find((mode) => !singleNode.includes(mode));
  return other && `a directory belongs to one node: access mode ${other} is not supported`;
}

function volumeOf(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  node: string,
  root: string,
): PersistentVolume {
  const { namespace, name: claimName, uid, resourceVersion } = claim.metadata;
  const name = `pvc-${uid}`;
  const hostname = { key: 'kubernetes.io/hostname', operator: 'In' as const, values: [node] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      annotations: { [annotations.provisionedBy]: localProvisioner },
      finalizers: [finalizers.provisioned],
    },
    spec: {
      accessModes: claim.spec?.accessModes ?? [],
      capacity: { storage: claim.spec?.resources?.requests?.storage ?? 0 },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claimName, uid, resourceVersion },
      local: { path: join(root, name) },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: classOf(claim),
      volumeMode: 'Filesystem',
    },
  } as PersistentVolume;
}

/** What becomes of a volume that nobody claims any more; `release`: the object may go and the data stays. */
export type Disposal = 'delete' | 'release';

/** Decides about a volume of this node's; undefined while it is used, kept, or not ours. */
export function disposalOf(volume: PersistentVolume, owns: (node: string) => boolean): Disposal | undefined {
  const { metadata, spec, status } = volume;
  if (metadata.annotations?.[annotations.provisionedBy] !== localProvisioner) return undefined;
  if (!metadata.finalizers?.includes(finalizers.provisioned)) return undefined;
  const [term] = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const node = term?.matchExpressions?.find(({ key }) => key === 'kubernetes.io/hostname')?.values?.[0];
  if (node === undefined || !owns(node)) return undefined;
  const leaving = metadata.deletionTimestamp !== undefined;
  if (status?.phase === 'Released') {
    if (spec?.persistentVolumeReclaimPolicy === 'Delete') return 'delete';
    return leaving ? 'release' : undefined;
  }
  // It was made and never bound, and is taken back by hand.
  if (leaving && status?.phase !== 'Bound')
    return spec?.persistentVolumeReclaimPolicy === 'Delete' ? 'delete' : 'release';
  return undefined;
}
