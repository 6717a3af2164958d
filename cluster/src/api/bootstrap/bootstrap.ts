import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { apiVersionOf, type KubeObject, type Resource, resources } from '@berth/kube/objects';
import { annotations, localProvisioner } from '../../claims/index.ts';
import { ipv4Range, ipv4Text } from '../admission/allocation.ts';
import { defaultRoles } from './roles.ts';

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

const priorityClasses: Resource = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  resource: 'priorityclasses',
  kind: 'PriorityClass',
  namespaced: false,
};

/** Makes what every cluster has, as far as it is not there: namespaces, roles, bindings, classes, the service `kubernetes`. */
export async function bootstrap(client: KubeClient, { serviceRange }: { serviceRange: string }): Promise<void> {
  await Promise.all(namespaces.map((name) => ensure(client, resources.namespaces, { metadata: { name }, spec: {} })));
  await Promise.all([
    ...roles(client),
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
const standardClass: Partial<KubeObject> = {
  metadata: { name: 'standard', annotations: { [annotations.defaultClass]: 'true' } },
  provisioner: localProvisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
};

function priorityClass(name: string, value: number): Partial<KubeObject> {
  const description = 'Used for system critical pods that must not be moved from their current node or cluster.';
  return { metadata: { name }, value, description };
}

function roles(client: KubeClient): Promise<void>[] {
  return defaultRoles.flatMap(({ name, rules, subjects, labels, aggregates }) => {
    const metadata = (extra?: Record<string, string>) => ({
      name,
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...extra },
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
    });
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { [aggregates ?? '']: 'true' } }] };
    const role = { metadata: metadata(labels), rules, ...(aggregates ? { aggregationRule } : {}) };
    const made = [ensure(client, resources.clusterRoles as Resource, role)];
    if (subjects) {
      const binding = {
        metadata: metadata(),
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: subjects.map((subject) => {
          const [kind = '', ...rest] = subject.split(':');
          return { apiGroup: 'rbac.authorization.k8s.io', kind, name: rest.join(':') };
        }),
      };
      made.push(ensure(client, resources.clusterRoleBindings as Resource, binding));
    }
    return made;
  });
}

async function ensure(client: KubeClient, resource: Resource, object: Partial<KubeObject>): Promise<void> {
  const { metadata } = object;
  if (!metadata) return;
  try {
    await client.get(resource, metadata);
  } catch (error) {
    if (!isBerthError(error, 'NotFound')) throw error;
    const whole = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object } as KubeObject;
    await client.create(resource, whole);
  }
}
