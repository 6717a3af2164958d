import type { KubeClient } from '@berth/kube/client';
import { type Resource, resources } from '@berth/kube/objects';
import { annotations, localProvisioner } from '../../claims/index.ts';
import { ipv4Range, ipv4Text } from '../admission/allocation.ts';
import { keepDefaultFlows } from '../flowcontrol/index.ts';
import { keepDefaultRoles } from './default-roles.ts';
import { ensure, type Unversioned } from './ensure.ts';

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

const priorityClasses: Resource = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  resource: 'priorityclasses',
  kind: 'PriorityClass',
  namespaced: false,
};

/** Makes what every cluster has, as far as it is not there: namespaces, roles, bindings, flows, classes, the service `kubernetes`. */
export async function bootstrap(client: KubeClient, { serviceRange }: { serviceRange: string }): Promise<void> {
  await Promise.all(namespaces.map((name) => ensure(client, resources.namespaces, { metadata: { name }, spec: {} })));
  await Promise.all([
    keepDefaultRoles(client),
    keepDefaultFlows(client),
    ensure(client, priorityClasses, priorityClass('system-cluster-critical', 2_000_000_000)),
    ensure(client, priorityClasses, priorityClass('system-node-critical', 2_000_001_000)),
    ensure(client, resources.storageClasses as Resource, standardClass),
    ensure(client, resources.services, {
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { component: 'apiserver', provider: 'kubernetes' },
      },
      spec: {
        clusterIP: ipv4Text(ipv4Range(serviceRange).from),
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
      },
    }),
  ]);
}

/**
 * The default class: directories of the node that the pod comes to. Nothing bounds what is written to them, so a volume
 * cannot grow either (`allowVolumeExpansion` stays false).
 */
const standardClass: Unversioned = {
  metadata: { name: 'standard', annotations: { [annotations.defaultClass]: 'true' } },
  provisioner: localProvisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
};

function priorityClass(name: string, value: number): Unversioned {
  const description = 'Used for system critical pods that must not be moved from their current node or cluster.';
  return { metadata: { name }, value, description };
}
