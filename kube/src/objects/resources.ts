import type * as kinds from './kinds.ts';
import type { KubeObject, ResourceRef } from './meta.ts';

/** A resource with the type of its objects, so that `client.get(resources.pods, …)` answers a `Pod`. */
export interface Resource<T extends KubeObject = KubeObject> extends ResourceRef {
  kind: string;
  namespaced: boolean;
  /** Carries the type only; never set. */
  readonly object?: T;
}

function resource<T extends KubeObject>(
  group: string,
  version: string,
  name: string,
  kind: string,
  scope: 'Namespaced' | 'Cluster' = 'Namespaced',
): Resource<T> {
  return { group, version, resource: name, kind, namespaced: scope === 'Namespaced' };
}

/** The built-in resources that Berth's own code reads and writes. Everything served is described in `schema/kinds`. */
export const resources = {
  pods: resource<kinds.Pod>('', 'v1', 'pods', 'Pod'),
  nodes: resource<kinds.Node>('', 'v1', 'nodes', 'Node', 'Cluster'),
  namespaces: resource<kinds.Namespace>('', 'v1', 'namespaces', 'Namespace', 'Cluster'),
  services: resource<kinds.Service>('', 'v1', 'services', 'Service'),
  endpoints: resource<kinds.Endpoints>('', 'v1', 'endpoints', 'Endpoints'),
  configMaps: resource<kinds.ConfigMap>('', 'v1', 'configmaps', 'ConfigMap'),
  secrets: resource<kinds.Secret>('', 'v1', 'secrets', 'Secret'),
  serviceAccounts: resource<kinds.ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  events: resource<kinds.Event>('', 'v1', 'events', 'Event'),
  persistentVolumes: resource<kinds.PersistentVolume>('', 'v1', 'persistentvolumes', 'PersistentVolume', 'Cluster'),
  persistentVolumeClaims: resource<kinds.PersistentVolumeClaim>(
    '',
    'v1',
    'persistentvolumeclaims',
    'PersistentVolumeClaim',
  ),
  storageClasses: resource<kinds.StorageClass>('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass', 'Cluster'),
  runtimeClasses: resource<kinds.RuntimeClass>('node.k8s.io', 'v1', 'runtimeclasses', 'RuntimeClass', 'Cluster'),
  replicationControllers: resource<kinds.ReplicationController>(
    '',
    'v1',
    'replicationcontrollers',
    'ReplicationController',
  ),
  deployments: resource<kinds.Deployment>('apps', 'v1', 'deployments', 'Deployment'),
  replicaSets: resource<kinds.ReplicaSet>('apps', 'v1', 'replicasets', 'ReplicaSet'),
  statefulSets: resource<kinds.StatefulSet>('apps', 'v1', 'statefulsets', 'StatefulSet'),
  daemonSets: resource<kinds.DaemonSet>('apps', 'v1', 'daemonsets', 'DaemonSet'),
  jobs: resource<kinds.Job>('batch', 'v1', 'jobs', 'Job'),
  cronJobs: resource<kinds.CronJob>('batch', 'v1', 'cronjobs', 'CronJob'),
  podDisruptionBudgets: resource<kinds.PodDisruptionBudget>(
    'policy',
    'v1',
    'poddisruptionbudgets',
    'PodDisruptionBudget',
  ),
  certificateSigningRequests: resource<kinds.CertificateSigningRequest>(
    'certificates.k8s.io',
    'v1',
    'certificatesigningrequests',
    'CertificateSigningRequest',
    'Cluster',
  ),
  leases: resource<kinds.Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  endpointSlices: resource<kinds.EndpointSlice>('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  roles: resource<kinds.Role>('rbac.authorization.k8s.io', 'v1', 'roles', 'Role'),
  roleBindings: resource<kinds.RoleBinding>('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding'),
  clusterRoles: resource<kinds.ClusterRole>(
    'rbac.authorization.k8s.io',
    'v1',
    'clusterroles',
    'ClusterRole',
    'Cluster',
  ),
  clusterRoleBindings: resource<kinds.ClusterRoleBinding>(
    'rbac.authorization.k8s.io',
    'v1',
    'clusterrolebindings',
    'ClusterRoleBinding',
    'Cluster',
  ),
} as const;
