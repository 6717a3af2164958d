import { on, read } from '../authorization/shorthand.ts';
import { identities } from './identities.ts';
import type { DefaultRole } from './roles.ts';

const recordEvents = [
  on('core', 'events', ['create', 'patch', 'update']),
  on('events.k8s.io', 'events', ['create', 'patch', 'update']),
];

/** What the parts of the cluster do that Kubernetes has in programs of their own. */
export const partRoles: readonly DefaultRole[] = [
  {
    name: 'system:kube-scheduler',
    rules: [
      on(
        'core',
        'pods nodes namespaces services replicationcontrollers persistentvolumes persistentvolumeclaims',
        read,
      ),
      on('core', 'bindings pods/binding', ['create']),
      on('core', 'pods/status', ['patch', 'update']),
      on('core', 'pods', ['delete']),
      ...recordEvents,
      on('apps', 'replicasets statefulsets', read),
      on('policy', 'poddisruptionbudgets', read),
      on('scheduling.k8s.io', 'priorityclasses', read),
      on('storage.k8s.io', '*', read),
      on('resource.k8s.io', '*', [...read, 'update', 'patch']),
      on('coordination.k8s.io', 'leases', [...read, 'create', 'delete', 'deletecollection', 'patch', 'update']),
    ],
    subjects: [`User:${identities.scheduler.name}`],
  },
  {
    name: 'system:volume-scheduler',
    rules: [
      on('core', 'persistentvolumes persistentvolumeclaims', [...read, 'patch', 'update']),
      on('storage.k8s.io', 'storageclasses', read),
    ],
    subjects: [`User:${identities.scheduler.name}`],
  },
  // All controllers run in one process of ours, and the garbage and namespace controllers may delete anything.
  {
    name: 'system:kube-controller-manager',
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
    subjects: [`User:${identities.controllers.name}`],
  },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      on('core', 'persistentvolumes', [...read, 'create', 'delete']),
      on('core', 'persistentvolumeclaims', [...read, 'update']),
      on('storage.k8s.io', 'storageclasses', read),
      on('core', 'events', ['watch']),
      ...recordEvents,
    ],
  },
  {
    name: identities.volumes.name,
    rules: [
      on('core', 'persistentvolumes', [...read, 'create', 'delete', 'patch']),
      on('core', 'persistentvolumeclaims', read),
      on('storage.k8s.io', 'storageclasses', read),
      ...recordEvents,
    ],
    subjects: [`User:${identities.volumes.name}`],
  },
  {
    name: identities.network.name,
    rules: [
      on('core', 'services pods', ['list', 'watch']),
      on('discovery.k8s.io', 'endpointslices', ['list', 'watch']),
      // The service `kube-dns`.
      on('core', 'services', ['create']),
      on('discovery.k8s.io', 'endpointslices', ['create']),
      on('core', 'events', ['create']),
    ],
    subjects: [`User:${identities.network.name}`],
  },
  {
    name: identities.simulatedNodes.name,
    rules: [
      on('core', 'nodes', [...read, 'create']),
      on('core', 'nodes/status pods/status', ['patch']),
      on('core', 'pods', [...read, 'delete']),
      on('coordination.k8s.io', 'leases', ['create', 'patch']),
      ...recordEvents,
    ],
    subjects: [`User:${identities.simulatedNodes.name}`],
  },
];
