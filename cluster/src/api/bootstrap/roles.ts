import type { Rule } from '@berth/kube/rbac';
import { nodeRules } from '../authorization/node/index.ts';
import { on, read, write } from '../authorization/shorthand.ts';

/** A cluster role that exists from the start, and who is bound to it cluster-wide. */
export interface DefaultRole {
  name: string;
  rules: Rule[];
  /** `User:x` or `Group:x`. */
  subjects?: string[];
  labels?: Record<string, string>;
  /** Roles with this label belong to it as well. */
  aggregates?: string;
}

const aggregateTo = (role: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true' });
const aggregates = (role: string) => `rbac.authorization.k8s.io/aggregate-to-${role}`;

function paths(...nonResourceURLs: string[]): Rule {
  return { verbs: ['get'], nonResourceURLs };
}

const everything: Rule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

const coreObjects =
  'configmaps endpoints events persistentvolumeclaims pods replicationcontrollers serviceaccounts services';
const workloads = 'daemonsets deployments replicasets statefulsets';

/** What `view` may read: all that is in a namespace, but neither secrets nor roles. */
const viewRules: Rule[] = [
  on(
    'core',
    `${coreObjects} bindings limitranges namespaces namespaces/status persistentvolumeclaims/status pods/log pods/status replicationcontrollers/scale replicationcontrollers/status resourcequotas resourcequotas/status services/status`,
    read,
  ),
  on('discovery.k8s.io', 'endpointslices', read),
  on('events.k8s.io', 'events', read),
  on(
    'apps',
    `controllerrevisions ${workloads} daemonsets/status deployments/scale deployments/status replicasets/scale replicasets/status statefulsets/scale statefulsets/status`,
    read,
  ),
  on('autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status', read),
  on('batch', 'cronjobs cronjobs/status jobs jobs/status', read),
  on('networking.k8s.io', 'ingresses ingresses/status networkpolicies', read),
  on('policy', 'poddisruptionbudgets poddisruptionbudgets/status', read),
];

const editRules: Rule[] = [
  on('core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy', read),
  on('core', 'serviceaccounts', ['impersonate']),
  on('core', 'pods pods/attach pods/exec pods/portforward pods/proxy', write),
  on('core', 'pods/eviction serviceaccounts/token', ['create']),
  on(
    'core',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy endpoints',
    write,
  ),
  on('discovery.k8s.io', 'endpointslices', write),
  on('apps', `${workloads} deployments/rollback deployments/scale replicasets/scale statefulsets/scale`, write),
  on('autoscaling', 'horizontalpodautoscalers', write),
  on('batch', 'cronjobs jobs', write),
  on('networking.k8s.io', 'ingresses networkpolicies', write),
  on('policy', 'poddisruptionbudgets', write),
  on('coordination.k8s.io', 'leases', [...read, ...write]),
];

const adminRules: Rule[] = [
  on('authorization.k8s.io', 'localsubjectaccessreviews', ['create']),
  on('rbac.authorization.k8s.io', 'rolebindings roles', [...read, ...write]),
];

/** Source: the Kubernetes documentation, "Using RBAC Authorization", default roles and role bindings. */
export const defaultRoles: readonly DefaultRole[] = [
  { name: 'cluster-admin', rules: everything, subjects: ['Group:system:masters'] },
  { name: 'admin', rules: [...adminRules, ...editRules, ...viewRules], aggregates: aggregates('admin') },
  {
    name: 'edit',
    rules: [...editRules, ...viewRules],
    aggregates: aggregates('edit'),
    labels: aggregateTo('admin'),
  },
  { name: 'view', rules: viewRules, aggregates: aggregates('view'), labels: aggregateTo('edit') },
  { name: 'system:aggregate-to-admin', rules: adminRules, labels: aggregateTo('admin') },
  { name: 'system:aggregate-to-edit', rules: editRules, labels: aggregateTo('edit') },
  { name: 'system:aggregate-to-view', rules: viewRules, labels: aggregateTo('view') },
  {
    name: 'system:aggregated-metrics-reader',
    rules: [on('metrics.k8s.io', 'pods nodes', read)],
    labels: { ...aggregateTo('view'), ...aggregateTo('edit'), ...aggregateTo('admin') },
  },
  {
    name: 'system:discovery',
    rules: [
      paths(
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ),
    ],
    subjects: ['Group:system:authenticated'],
  },
  {
    name: 'system:basic-user',
    rules: [
      on('authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', ['create']),
      on('authentication.k8s.io', 'selfsubjectreviews', ['create']),
    ],
    subjects: ['Group:system:authenticated'],
  },
  {
    name: 'system:public-info-viewer',
    rules: [paths('/healthz', '/livez', '/readyz', '/version', '/version/')],
    subjects: ['Group:system:authenticated', 'Group:system:unauthenticated'],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      paths(
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ),
    ],
    subjects: ['Group:system:serviceaccounts'],
  },
  {
    name: 'system:monitoring',
    rules: [paths('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*')],
    subjects: ['Group:system:monitoring'],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      on('authentication.k8s.io', 'tokenreviews', ['create']),
      on('authorization.k8s.io', 'subjectaccessreviews', ['create']),
    ],
  },
  // Nobody is bound to it: what a node may do is for the Node authorizer to say.
  { name: 'system:node', rules: [...nodeRules], subjects: [] },
];
