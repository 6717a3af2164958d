import type {
  ConfigMap,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Event,
  Job,
  KubeObject,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  Resource,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
} from '@berth/kube/objects';
import type { CronJob } from './workload-health.ts';

function kind<T extends KubeObject = KubeObject>(
  apiVersion: string,
  resource: string,
  name: string,
  namespaced = true,
): Resource<T> {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return { group, version, resource, kind: name, namespaced };
}

/** The kinds that have places of their own. Everything else is found by discovery, in the explorer. */
export const kinds = {
  pods: kind<Pod>('v1', 'pods', 'Pod'),
  deployments: kind<Deployment>('apps/v1', 'deployments', 'Deployment'),
  replicasets: kind<ReplicaSet>('apps/v1', 'replicasets', 'ReplicaSet'),
  statefulsets: kind<StatefulSet>('apps/v1', 'statefulsets', 'StatefulSet'),
  daemonsets: kind<DaemonSet>('apps/v1', 'daemonsets', 'DaemonSet'),
  jobs: kind<Job>('batch/v1', 'jobs', 'Job'),
  cronjobs: kind<CronJob>('batch/v1', 'cronjobs', 'CronJob'),
  services: kind<Service>('v1', 'services', 'Service'),
  endpointslices: kind<EndpointSlice>('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice'),
  ingresses: kind('networking.k8s.io/v1', 'ingresses', 'Ingress'),
  persistentvolumeclaims: kind('v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  persistentvolumes: kind('v1', 'persistentvolumes', 'PersistentVolume', false),
  configmaps: kind<ConfigMap>('v1', 'configmaps', 'ConfigMap'),
  secrets: kind<Secret>('v1', 'secrets', 'Secret'),
  serviceaccounts: kind<ServiceAccount>('v1', 'serviceaccounts', 'ServiceAccount'),
  nodes: kind<Node>('v1', 'nodes', 'Node', false),
  namespaces: kind<Namespace>('v1', 'namespaces', 'Namespace', false),
  events: kind<Event>('v1', 'events', 'Event'),
} as const;

export type KindId = keyof typeof kinds;

export function isKindId(text: string): text is KindId {
  return Object.hasOwn(kinds, text);
}
