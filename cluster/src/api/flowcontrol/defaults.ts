import type { FlowSchema, FlowSchemaSpec, PriorityLevel, PriorityLevelSpec, Subject } from './types.ts';

/** While it says `true`, an object is kept as it is here. */
export const autoUpdate = 'apf.kubernetes.io/autoupdate-spec';

export interface DefaultObjects {
  levels: readonly PriorityLevel[];
  schemas: readonly FlowSchema[];
}

const everything = {
  verbs: ['*'],
  apiGroups: ['*'],
  resources: ['*'],
  clusterScope: true,
  namespaces: ['*'],
};
const all = { resourceRules: [everything], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] };

const groups = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'User', user: { name } }));
const systemAccounts: Subject[] = [{ kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } }];
const everybody = groups('system:unauthenticated', 'system:authenticated');
const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] };

/** Without these nobody would know what to do with a request. */
export const mandatory: DefaultObjects = {
  levels: [
    level('catch-all', {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
    }),
    level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
  ],
  schemas: [
    schema('exempt', { of: 'exempt', precedence: 1, rules: [{ subjects: groups('system:masters'), ...all }] }),
    schema('catch-all', {
      ...{ of: 'catch-all', precedence: 10_000, by: 'ByUser' },
      rules: [{ subjects: everybody, ...all }],
    }),
  ],
};

/** What is made beside them, and may be changed. */
export const suggested: DefaultObjects = {
  levels: [
    queued('system', { shares: 30, lendable: 33, queues: 64, handSize: 6 }),
    queued('node-high', { shares: 40, lendable: 25, queues: 64, handSize: 6 }),
    queued('leader-election', { shares: 10, lendable: 0, queues: 16, handSize: 4 }),
    queued('workload-high', { shares: 40, lendable: 50, queues: 128, handSize: 6 }),
    queued('workload-low', { shares: 100, lendable: 90, queues: 128, handSize: 6 }),
    queued('global-default', { shares: 20, lendable: 50, queues: 128, handSize: 6 }),
  ],
  schemas: [
    schema('system-nodes', {
      ...{ of: 'system', precedence: 500, by: 'ByUser' },
      rules: [{ subjects: groups('system:nodes'), ...all }],
    }),
    schema('system-node-high', {
      ...{ of: 'node-high', precedence: 400, by: 'ByUser' },
      rules: [
        {
          subjects: groups('system:nodes'),
          resourceRules: [
            { ...everything, apiGroups: [''], resources: ['nodes', 'nodes/status'] },
            { verbs: ['*'], ...leases },
          ],
        },
      ],
    }),
    schema('probes', {
      ...{ of: 'exempt', precedence: 2 },
      rules: [
        {
          subjects: everybody,
          nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
        },
      ],
    }),
    // Berth's own: who measures a server that is too busy must not be kept out by what makes it busy.
    schema('metrics', {
      ...{ of: 'exempt', precedence: 3 },
      rules: [
        {
          subjects: groups('system:authenticated'),
          nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
        },
      ],
    }),
    schema('system-leader-election', {
      ...{ of: 'leader-election', precedence: 100, by: 'ByUser' },
      rules: [
        {
          subjects: [...users('system:kube-controller-manager', 'system:kube-scheduler'), ...systemAccounts],
          resourceRules: [{ verbs: ['get', 'create', 'update'], ...leases }],
        },
      ],
    }),
    schema('kube-controller-manager', {
      ...{ of: 'workload-high', precedence: 800, by: 'ByNamespace' },
      rules: [{ subjects: users('system:kube-controller-manager'), ...all }],
    }),
    schema('kube-scheduler', {
      ...{ of: 'workload-high', precedence: 800, by: 'ByNamespace' },
      rules: [{ subjects: users('system:kube-scheduler'), ...all }],
    }),
    schema('kube-system-service-accounts', {
      ...{ of: 'workload-high', precedence: 900, by: 'ByNamespace' },
      rules: [{ subjects: systemAccounts, ...all }],
    }),
    schema('service-accounts', {
      ...{ of: 'workload-low', precedence: 9000, by: 'ByUser' },
      rules: [{ subjects: groups('system:serviceaccounts'), ...all }],
    }),
    schema('global-default', {
      ...{ of: 'global-default', precedence: 9900, by: 'ByUser' },
      rules: [{ subjects: everybody, ...all }],
    }),
  ],
};

function metadataOf(name: string) {
  return { name, annotations: { [autoUpdate]: 'true' } };
}

function level(name: string, spec: PriorityLevelSpec): PriorityLevel {
  const kind = 'PriorityLevelConfiguration';
  return { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind, metadata: metadataOf(name), spec };
}

function queued(
  name: string,
  { shares, lendable, queues, handSize }: { shares: number; lendable: number; queues: number; handSize: number },
): PriorityLevel {
  return level(name, {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
      lendablePercent: lendable,
    },
  });
}

function schema(
  name: string,
  {
    of,
    precedence,
    by,
    rules,
  }: Pick<FlowSchemaSpec, 'rules'> & { of: string; precedence: number; by?: 'ByUser' | 'ByNamespace' },
): FlowSchema {
  return {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: metadataOf(name),
    spec: {
      priorityLevelConfiguration: { name: of },
      matchingPrecedence: precedence,
      ...(by ? { distinguisherMethod: { type: by } } : {}),
      ...(rules ? { rules } : {}),
    },
  };
}
