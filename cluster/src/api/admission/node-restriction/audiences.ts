import { isBerthError } from '@berth/kube/errors';
import type { KubeObject, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '@berth/kube/objects';
import { claimNameOf } from '../../../claims/index.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { found } from './refuse.ts';

export interface Audiences {
  /** Whether a volume of the pod asks for tokens for the audience. */
  isNamed: boolean;
  /** What could not be looked up, when none does. */
  faults: readonly string[];
}

type Objects = Pick<ObjectStorage, 'get'>;

/** The drivers that serve what once were kinds of volumes. Source: `k8s.io/csi-translation-lib`. */
const migrated = {
  awsElasticBlockStore: 'ebs.csi.aws.com',
  azureDisk: 'disk.csi.azure.com',
  azureFile: 'file.csi.azure.com',
  cinder: 'cinder.csi.openstack.org',
  gcePersistentDisk: 'pd.csi.storage.gke.io',
  portworxVolume: 'pxd.portworx.com',
  vsphereVolume: 'csi.vsphere.vmware.com',
} as const;

/** Whether a pod says that it needs tokens for an audience: by a volume that projects one, or by the driver of one. */
export function audienceOf(storage: Objects, pod: Pod, audience: string): Audiences {
  const faults = new Set<string>();
  for (const volume of pod.spec?.volumes ?? []) {
    const projected = volume.projected?.sources ?? [];
    const isProjected = projected.some((source) => {
      const token = source.serviceAccountToken;
      return token && (token.audience ?? '') === audience;
    });
    if (isProjected) return { isNamed: true, faults: [] };
    try {
      if (asksFor(storage, driverOf(storage, pod, volume), audience)) return { isNamed: true, faults: [] };
    } catch (error) {
      if (!isBerthError(error)) throw error;
      faults.add(error.message);
    }
  }
  return { isNamed: false, faults: [...faults] };
}

function driverOf(storage: Objects, pod: Pod, volume: Volume): string | undefined {
  const claim = claimNameOf(pod, volume);
  if (claim !== undefined) return driverOfClaim(storage, pod.metadata.namespace, claim);
  return volume.csi?.driver ?? migratedDriver(volume);
}

function driverOfClaim(storage: Objects, namespace: string | undefined, name: string): string | undefined {
  const claims = { kind: 'persistentvolumeclaim', resource: 'persistentvolumeclaims' };
  const claim = found(storage, claims, namespace, name) as PersistentVolumeClaim;
  const volumes = { kind: 'persistentvolume', resource: 'persistentvolumes' };
  const { spec } = found(storage, volumes, undefined, claim.spec?.volumeName ?? '') as PersistentVolume;
  return spec?.csi?.driver ?? migratedDriver(spec ?? {});
}

function migratedDriver(source: object): string | undefined {
  return Object.entries(migrated).find(([kind]) => kind in source)?.[1];
}

function asksFor(storage: Objects, driver: string | undefined, audience: string): boolean {
  if (!driver) return false;
  const drivers = { group: 'storage.k8s.io', kind: 'csidriver', resource: 'csidrivers' };
  const { spec } = found(storage, drivers, undefined, driver) as KubeObject & {
    spec?: { tokenRequests?: readonly { audience: string }[] | null };
  };
  return (spec?.tokenRequests ?? []).some((request) => request.audience === audience);
}
