/** What a node may try that is not its own: for tests. The pods `mine` and `theirs` run on n1, which asks, and on n2. */

export const shop = '/api/v1/namespaces/shop';
export const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

/** Of the nodes and pods, by name; known when they were made. */
export const uids: Record<string, string> = {};

export const podOn = (nodeName: string, account: string, secret: string, name = account) => ({
  metadata: { name },
  spec: {
    nodeName,
    serviceAccountName: account,
    containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: secret } }] }],
  },
});

export const mirror = (spec: object = {}, owner: object = {}) => ({
  metadata: {
    name: 'file-n1',
    annotations: { 'kubernetes.io/config.mirror': 'x' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: uids.n1, controller: true, ...owner }],
  },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], ...spec },
});

export const tokenFor = (pod: string, more: object = {}) => ({
  spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod, uid: uids[pod], ...more } },
});

export const csr = (request: string) => ({
  metadata: { name: 'me' },
  spec: { request, signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['client auth'] },
});

/** What it is, how it is asked, and what the answer says. */
type Read = [what: string, path: string, why?: string];
type Write = [what: string, method: string, path: string, body: object | (() => object) | undefined, why?: string];

const unrelated = 'no relationship found between node';
export const reads: Read[] = [
  ['a secret of no pod', `${shop}/secrets/unused`, unrelated],
  ['a secret of a pod elsewhere', `${shop}/secrets/theirs`, unrelated],
  ['all secrets', '/api/v1/secrets', 'can only read namespaced object'],
  ['all secrets of a namespace', `${shop}/secrets`, 'No Object name found'],
  ['all secrets but one', `${shop}/secrets?fieldSelector=metadata.name!%3Dx`, 'No Object name found'],
  [
    'another by a second selector',
    `${shop}/secrets?fieldSelector=metadata.name%3Dtheirs&fieldSelector=metadata.name%3Dmine`,
  ],
  ['secrets by the old path of watches', '/api/v1/watch/secrets'],
  ['one secret by that path', '/api/v1/watch/namespaces/shop/secrets/theirs', unrelated],
  ['a secret by an escaped path', `${shop}/secrets/%74heirs`, unrelated],
  ['secrets by what is no selector', `${shop}/secrets?fieldSelector=metadata.name`, 'No Object name found'],
  ['a config map of a pod elsewhere', `${shop}/configmaps/theirs`, unrelated],
  ['all pods', '/api/v1/pods', 'can only list/watch pods with spec.nodeName field selector'],
  ['the pods of another node', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn2', 'can only list/watch'],
  ['pods by the old path', '/api/v1/watch/pods?fieldSelector=spec.nodeName%3Dn1', 'can only list/watch'],
  ['a pod elsewhere', `${shop}/pods/theirs`, unrelated],
  ['the log of its own pod', `${shop}/pods/mine/log`],
  ['another node', '/api/v1/nodes/n2', 'only its own Node object'],
  ['all nodes', '/api/v1/nodes', 'only its own Node object'],
  ['another agent through the proxy', '/api/v1/nodes/n2/proxy/pods'],
  ['the lease of another', `${leases}/n2`, 'same name as the requesting node'],
  ['a service account of a pod elsewhere', `${shop}/serviceaccounts/theirs`, unrelated],
  ['all cluster roles', '/apis/rbac.authorization.k8s.io/v1/clusterroles'],
  ['metrics', '/metrics'],
];

export const writes: Write[] = [
  [
    'a pod of its own making',
    'POST',
    `${shop}/pods`,
    podOn('n1', 'mine', 'unused', 'new'),
    'can only create mirror pods',
  ],
  ['a pod on another node', 'POST', `${shop}/pods`, () => mirror({ nodeName: 'n2' }), 'spec.nodeName set to itself'],
  [
    'a mirror of another node',
    'POST',
    `${shop}/pods`,
    () => mirror({}, { name: 'n2' }),
    'owner reference set to itself',
  ],
  ['a mirror of an earlier node', 'POST', `${shop}/pods`, () => mirror({}, { uid: 'x' }), 'UID mismatch'],
  [
    'a mirror that names a secret',
    'POST',
    `${shop}/pods`,
    () => mirror({ volumes: [{ name: 'v', secret: { secretName: 'unused' } }] }),
    'a mirror pod may not reference secrets',
  ],
  [
    'a mirror that names a config map',
    'POST',
    `${shop}/pods`,
    () => mirror({ volumes: [{ name: 'v', configMap: { name: 'theirs' } }] }),
    'can not create pods that reference configmaps',
  ],
  [
    'the deletion of a pod elsewhere',
    'DELETE',
    `${shop}/pods/theirs`,
    undefined,
    'can only delete pods with spec.nodeName',
  ],
  ['the deletion of all pods', 'DELETE', `${shop}/pods`, undefined],
  ['the deletion of its pods by a selector', 'DELETE', `${shop}/pods?fieldSelector=spec.nodeName%3Dn1`, undefined],
  ['a change of its own pod', 'PATCH', `${shop}/pods/mine`, { metadata: { labels: { app: 'shop' } } }],
  [
    'the status of a pod elsewhere',
    'PATCH',
    `${shop}/pods/theirs/status`,
    { status: { phase: 'Failed' } },
    'can only update pod status',
  ],
  [
    'a label by way of the status',
    'PATCH',
    `${shop}/pods/mine/status`,
    { metadata: { labels: { app: 'shop' } } },
    'cannot update labels through pod status',
  ],
  [
    'a claim by way of the status',
    'PATCH',
    `${shop}/pods/mine/status`,
    { status: { resourceClaimStatuses: [{ name: 'x', resourceClaimName: 'y' }] } },
    'resource claim',
  ],
  [
    'the eviction of a pod elsewhere',
    'POST',
    `${shop}/pods/theirs/eviction`,
    { metadata: { name: 'theirs' } },
    'can only evict pods with spec.nodeName',
  ],
  [
    'a container for its own pod',
    'PATCH',
    `${shop}/pods/mine/ephemeralcontainers`,
    { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } },
  ],
  ['a command in its own pod', 'POST', `${shop}/pods/mine/exec?command=sh`, undefined],
  ['a binding', 'POST', `${shop}/pods/theirs/binding`, { metadata: { name: 'theirs' }, target: { name: 'n1' } }],
  [
    'labels of another node',
    'PATCH',
    '/api/v1/nodes/n2',
    { metadata: { labels: { a: 'b' } } },
    'is not allowed to modify node "n2"',
  ],
  [
    'the status of another node',
    'PATCH',
    '/api/v1/nodes/n2/status',
    { status: { conditions: [] } },
    'is not allowed to modify node "n2"',
  ],
  [
    'a restricted label',
    'PATCH',
    '/api/v1/nodes/n1',
    { metadata: { labels: { 'node-restriction.kubernetes.io/pci': 'yes' } } },
    'is not allowed to modify labels',
  ],
  [
    'the role of a control plane',
    'PATCH',
    '/api/v1/nodes/n1',
    { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } },
    'is not allowed to modify labels',
  ],
  ['its taints away', 'PATCH', '/api/v1/nodes/n1', { spec: { taints: null } }, 'is not allowed to modify taints'],
  [
    'its taints away by way of the status',
    'PATCH',
    '/api/v1/nodes/n1/status',
    { spec: { taints: null } },
    'is not allowed to modify taints',
  ],
  [
    'an owner for its node',
    'PATCH',
    '/api/v1/nodes/n1',
    { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'y' }] } },
    'is not allowed to modify ownerReferences',
  ],
  ['a further node', 'POST', '/api/v1/nodes', { metadata: { name: 'n3' } }, 'is not allowed to modify node "n3"'],
  ['the deletion of its node', 'DELETE', '/api/v1/nodes/n1', undefined],
  ['the deletion of the lease of another', 'DELETE', `${leases}/n2`, undefined, 'same name as the requesting node'],
  ['a lease of another name', 'POST', leases, { metadata: { name: 'n3' } }, 'same name as the requesting node'],
  [
    'a lease elsewhere',
    'POST',
    leases.replace('kube-node-lease', 'kube-system'),
    { metadata: { name: 'n1' } },
    'can only access leases in the',
  ],
  [
    'a CSINode of another',
    'POST',
    '/apis/storage.k8s.io/v1/csinodes',
    { metadata: { name: 'n2' }, spec: { drivers: [] } },
    'same name as the requesting node',
  ],
  [
    'devices of another',
    'POST',
    '/apis/resource.k8s.io/v1/resourceslices',
    {
      metadata: { name: 's' },
      spec: { nodeName: 'n2', driver: 'd.example', pool: { name: 'p', resourceSliceCount: 1 } },
    },
    'same NodeName',
  ],
  [
    'a token of an account of no pod of its own',
    'POST',
    `${shop}/serviceaccounts/theirs/token`,
    () => tokenFor('theirs'),
    unrelated,
  ],
  ['a token bound to nothing', 'POST', `${shop}/serviceaccounts/mine/token`, { spec: {} }, 'not bound to a pod'],
  [
    'a token bound to its node',
    'POST',
    `${shop}/serviceaccounts/mine/token`,
    () => tokenFor('n1', { kind: 'Node' }),
    'not bound to a pod',
  ],
  [
    'a token bound to a pod elsewhere',
    'POST',
    `${shop}/serviceaccounts/mine/token`,
    () => tokenFor('theirs'),
    'scheduled on a different node',
  ],
  [
    'a token for others than the pod says',
    'POST',
    `${shop}/serviceaccounts/mine/token`,
    () => ({ spec: { ...tokenFor('mine').spec, audiences: ['vault'] } }),
    'is not authorized to request tokens for this audience',
  ],
  [
    'a certificate in the name of another',
    'POST',
    '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    csr('eA=='),
    'unable to parse csr',
  ],
  ['an approval', 'PATCH', '/apis/certificates.k8s.io/v1/certificatesigningrequests/me/approval', { status: {} }],
  ['a secret', 'POST', `${shop}/secrets`, { metadata: { name: 'planted' } }],
  ['a change of a secret that it reads', 'PATCH', `${shop}/secrets/mine`, { data: {} }],
  [
    'a role',
    'POST',
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    {
      metadata: { name: 'x' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    },
  ],
];
