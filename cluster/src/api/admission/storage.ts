import type { PersistentVolumeClaim, StorageClass } from '@berth/kube/objects';
import { bytes } from '@berth/kube/quantity';
import { classOf, defaultClass, finalizers, hasNoClass } from '../../claims/index.ts';
import { forbidden } from '../faults.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { AdmissionPlugin } from './admission.ts';

const classes = resourcePrefix('storage.k8s.io', 'storageclasses');

/** A claim that names no class gets the default one, if there is one. */
export function defaultStorageClass(storage: ObjectStorage): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    resources: ['/persistentvolumeclaims'],
    admit(request) {
      const claim = request.object as PersistentVolumeClaim;
      if (request.operation !== 'CREATE' || request.subresource !== '' || !claim.spec || !hasNoClass(claim)) return;
      const chosen = defaultClass(storage.list(classes).map(({ object }) => object as StorageClass));
      if (chosen) claim.spec.storageClassName = chosen.metadata.name;
    },
  };
}

/** Claims and volumes begin with the finalizer that keeps them while they are in use. */
export const storageInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  resources: ['/persistentvolumeclaims', '/persistentvolumes'],
  admit({ operation, subresource, object, call }) {
    if (operation !== 'CREATE' || subresource !== '') return;
    const { resource } = call.kind.description;
    const finalizer = resource === 'persistentvolumes' ? finalizers.volume : finalizers.claim;
    const present = object.metadata.finalizers ?? [];
    if (!present.includes(finalizer)) object.metadata.finalizers = [...present, finalizer];
  },
};

/** A claim grows only where its class says that its volumes can. */
export function claimResize(storage: ObjectStorage): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    resources: ['/persistentvolumeclaims'],
    check({ operation, subresource, object, old, name }) {
      if (operation !== 'UPDATE' || subresource !== '' || !old) return;
      const [after, before] = [object as PersistentVolumeClaim, old as PersistentVolumeClaim];
      if (sizeOf(after) <= sizeOf(before)) return;
      const about = { group: '', resource: 'persistentvolumeclaims' };
      if (before.status?.phase !== 'Bound') {
        throw forbidden(about, name, 'Only bound persistent volume claims can be expanded');
      }
      const found = storage.get(objectKey(classes, undefined, classOf(after)))?.object as StorageClass | undefined;
      if (found?.allowVolumeExpansion) return;
      const why =
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
      throw forbidden(about, name, why);
    },
  };
}

const sizeOf = ({ spec }: PersistentVolumeClaim): number => bytes((spec?.resources?.requests?.storage ?? 0) as string);
