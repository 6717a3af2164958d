import { ageColumn, column, describeKinds, nameColumn, status } from './describe.ts';

/** `storage.k8s.io/v1`. */
export const storage = describeKinds({ group: 'storage.k8s.io', version: 'v1', definitions: 'io.k8s.api.storage.v1' }, [
  {
    kind: 'CSIDriver',
    resource: 'csidrivers',
    scope: 'Cluster',
    columns: [
      nameColumn,
      column('AttachRequired', '.spec.attachRequired', 'boolean'),
      column('PodInfoOnMount', '.spec.podInfoOnMount', 'boolean'),
      column('StorageCapacity', '.spec.storageCapacity', 'boolean'),
      column('TokenRequests'),
      column('RequiresRepublish', undefined, 'boolean'),
      column('Modes'),
      ageColumn,
    ],
  },
  {
    kind: 'CSINode',
    resource: 'csinodes',
    scope: 'Cluster',
    columns: [nameColumn, column('Drivers', undefined, 'integer'), ageColumn],
  },
  {
    kind: 'CSIStorageCapacity',
    resource: 'csistoragecapacities',
    // Nobody has written columns for it: these are everything's.
    columns: [nameColumn, column('Created At', '.metadata.creationTimestamp', 'date')],
  },
  {
    kind: 'StorageClass',
    resource: 'storageclasses',
    shortNames: ['sc'],
    scope: 'Cluster',
    columns: [
      nameColumn,
      column('Provisioner', '.provisioner'),
      column('ReclaimPolicy'),
      column('VolumeBindingMode'),
      column('AllowVolumeExpansion'),
      ageColumn,
    ],
  },
  {
    kind: 'VolumeAttachment',
    resource: 'volumeattachments',
    scope: 'Cluster',
    subresources: [status],
    columns: [
      nameColumn,
      { ...column('Attacher', '.spec.attacher'), format: 'name' },
      column('PV', '.spec.source.persistentVolumeName'),
      column('Node', '.spec.nodeName'),
      column('Attached', '.status.attached', 'boolean'),
      ageColumn,
    ],
  },
  {
    kind: 'VolumeAttributesClass',
    resource: 'volumeattributesclasses',
    shortNames: ['vac'],
    scope: 'Cluster',
    columns: [nameColumn, column('DriverName', '.driverName'), ageColumn],
  },
]);
