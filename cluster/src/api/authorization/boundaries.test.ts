import https from 'node:https';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

/** Paths and bodies that once led past what a user's roles allow. */
let server: TestApi;
let agent: https.Agent;
const rbac = '/apis/rbac.authorization.k8s.io/v1';

beforeAll(async () => {
  server = await startTestApi();
  const { authority, admin } = server.certificates;
  agent = new https.Agent({ ca: authority.cert, cert: admin.cert, key: admin.key });
});
afterAll(async () => {
  agent.destroy();
  await server[Symbol.asyncDispose]();
});

/** Asks as the administrator, or as the user that the administrator takes the part of. */
function ask(method: string, path: string, body?: object, as?: string, type = 'application/json', more = {}) {
  const headers = { 'content-type': type, ...(as === undefined ? {} : { 'impersonate-user': as }), ...more };
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const request = https.request(server.url + path, { agent, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

async function grant(user: string, rules: object[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? rbac : `${rbac}/namespaces/${namespace}`;
  const [roles, bindings, kind] =
    namespace === undefined
      ? ['clusterroles', 'clusterrolebindings', 'ClusterRole']
      : ['roles', 'rolebindings', 'Role'];
  expect((await ask('POST', `${where}/${roles}`, { metadata: { name: user }, rules })).status).toBe(201);
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name: user };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }];
  expect((await ask('POST', `${where}/${bindings}`, { metadata: { name: user }, roleRef, subjects })).status).toBe(201);
}

const crown = (user: string) => ({
  metadata: { name: `crown-${user}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
});

test('who rules a namespace reaches nothing of the cluster through it', async () => {
  await grant('nell', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }], 'default');
  for (const path of [
    `${rbac}/namespaces/default/clusterrolebindings`,
    `${rbac}/namespaces/default/clusterroles`,
    '/api/v1/namespaces/default/nodes',
    '/api/v1/namespaces/default/nodes/any/status',
    '/api/v1/namespaces/default/namespaces/default',
    '/apis/certificates.k8s.io/v1/namespaces/default/certificatesigningrequests',
  ])
    expect((await ask('GET', path, undefined, 'nell')).status, path).toBe(404);
  const made = await ask('POST', `${rbac}/namespaces/default/clusterrolebindings`, crown('nell'), 'nell');
  expect(made.status).toBe(404);
  expect((await ask('GET', '/api/v1/secrets', undefined, 'nell')).status).toBe(403);
  expect((await ask('GET', '/api/v1/namespaces/default', undefined, 'nell')).status).toBe(200);
});

describe('a role for one name', () => {
  const secrets = '/api/v1/namespaces/default/secrets';
  beforeAll(async () => {
    const verbs = ['get', 'list', 'watch'];
    await grant('oona', [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['open'], verbs }], 'default');
    for (const name of ['open', 'shut']) await ask('POST', secrets, { metadata: { name } });
  });

  test('shows no other, watching included', async () => {
    for (const query of ['', '&fieldSelector=metadata.name%3Dshut', '&fieldSelector=']) {
      const watched = await ask('GET', `${secrets}/open?watch=1&timeoutSeconds=1${query}`, undefined, 'oona');
      expect(watched.body).not.toContain('"shut"');
    }
    for (const selector of ['metadata.name%3Dshut', 'metadata.name!%3Dopen', '', 'type%3Dopen']) {
      for (const query of ['', '&watch=1&timeoutSeconds=1']) {
        const path = `${secrets}?fieldSelector=${selector}${query}`;
        expect((await ask('GET', path, undefined, 'oona')).status, path).toBe(403);
      }
    }
  });

  test('allows to list and watch that name by a field selector', async () => {
    const query = 'fieldSelector=metadata.name%3Dopen';
    const listed = await ask('GET', `${secrets}?${query}`, undefined, 'oona');
    const names = JSON.parse(listed.body).items.map((item: { metadata: { name: string } }) => item.metadata.name);
    expect(names).toEqual(['open']);
    expect((await ask('GET', `${secrets}?${query}&watch=1&timeoutSeconds=1`, undefined, 'oona')).status).toBe(200);
  });
});

describe('who may write roles', () => {
  beforeAll(() => grant('rolf', [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['*'], verbs: roleVerbs }]));
  const roleVerbs = ['get', 'create', 'update', 'patch'];
  const everything = { aggregationRule: { clusterRoleSelectors: [{}] } };

  test('does not let a role gather the rules of others', async () => {
    const merge = 'application/merge-patch+json';
    const patched = await ask('PATCH', `${rbac}/clusterroles/rolf`, everything, 'rolf', merge);
    expect(patched).toMatchObject({ status: 403, body: expect.stringContaining('not currently held') });
    const made = await ask('POST', `${rbac}/clusterroles`, { metadata: { name: 'all' }, ...everything }, 'rolf');
    expect(made.status).toBe(403);
    expect((await ask('GET', '/api/v1/secrets', undefined, 'rolf')).status).toBe(403);
  });

  test('binds no role that somebody may fill later', async () => {
    const later = crown('rolf');
    later.roleRef.name = 'later';
    const bound = await ask('POST', `${rbac}/clusterrolebindings`, later, 'rolf');
    expect(bound).toMatchObject({ status: 404, body: expect.stringContaining('later') });
  });
});

test('a token is ordered with audiences that are text', async () => {
  await ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'tess' } });
  for (const spec of [{ audiences: [{}] }, { audiences: 'vault' }, { boundObjectRef: 'pod' }]) {
    const ordered = await ask('POST', '/api/v1/namespaces/default/serviceaccounts/tess/token', { spec });
    expect(ordered.status, JSON.stringify(spec)).toBe(400);
  }
});

test('a token of a pod names its node, and others can check it by what the server publishes', async () => {
  const core = '/api/v1/namespaces/default';
  await ask('POST', '/api/v1/nodes', { metadata: { name: 'n1' } });
  const node = JSON.parse((await ask('GET', '/api/v1/nodes/n1')).body) as { metadata: { uid: string } };
  await ask('POST', `${core}/serviceaccounts`, { metadata: { name: 'placed' } });
  const spec = { serviceAccountName: 'placed', nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] };
  expect((await ask('POST', `${core}/pods`, { metadata: { name: 'placed' }, spec })).status).toBe(201);
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'placed' };
  const ordered = await ask('POST', `${core}/serviceaccounts/placed/token`, { spec: { boundObjectRef } });
  const { token } = (JSON.parse(ordered.body) as { status: { token: string } }).status;
  const review = () => ask('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } });
  type Reviewed = { status: { authenticated?: boolean; user: { extra: object } } };
  expect((JSON.parse((await review()).body) as Reviewed).status.user.extra).toMatchObject({
    'authentication.kubernetes.io/node-name': ['n1'],
    'authentication.kubernetes.io/node-uid': [node.metadata.uid],
    'authentication.kubernetes.io/pod-name': ['placed'],
  });
  await ask('DELETE', '/api/v1/nodes/n1');
  expect((JSON.parse((await review()).body) as Reviewed).status.authenticated).toBe(true);

  const of = 'system:serviceaccount:default:placed';
  expect((await ask('GET', '/.well-known/openid-configuration', undefined, 'bob')).status).toBe(403);
  const found = JSON.parse((await ask('GET', '/.well-known/openid-configuration', undefined, of)).body) as {
    issuer: string;
    jwks_uri: string;
  };
  expect(found.jwks_uri).toMatch(/^https:.*\/openid\/v1\/jwks$/);
  const keys = createLocalJWKSet(
    JSON.parse((await ask('GET', '/openid/v1/jwks', undefined, of)).body) as JSONWebKeySet,
  );
  expect((await jwtVerify(token, keys, { issuer: found.issuer })).payload.sub).toBe(of);
});

test('a token lives ten minutes at the least', async () => {
  const path = '/api/v1/namespaces/default/serviceaccounts/short';
  await ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'short' } });
  for (const [expirationSeconds, why] of [
    [1, 'less than 10 minutes'],
    [2 ** 32 + 1, 'larger than 2^32 seconds'],
  ] as const) {
    const { status, body } = await ask('POST', `${path}/token`, { spec: { expirationSeconds } });
    const message = `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${expirationSeconds}: may not specify a duration ${why}`;
    expect([status, (JSON.parse(body) as { message: string }).message]).toEqual([422, message]);
  }
});

test('a token is bound only to a pod that runs as its account', async () => {
  const account = (name: string) => ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name } });
  await account('baker');
  await account('miller');
  const spec = { serviceAccountName: 'baker', containers: [{ name: 'c', image: 'i:1' }] };
  const made = await ask('POST', '/api/v1/namespaces/default/pods', { metadata: { name: 'oven' }, spec });
  expect(made.status).toBe(201);
  const order = { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'oven' } } };
  const token = (name: string) => ask('POST', `/api/v1/namespaces/default/serviceaccounts/${name}/token`, order);
  expect((await token('baker')).status).toBe(201);
  const refused = await token('miller');
  expect(refused.status).toBe(400);
  expect(refused.body).toContain('pod running with different serviceaccount name');
});

test('who may change what is there does not make what is not', async () => {
  const verbs = ['get', 'patch', 'update'];
  await grant(
    'pat',
    [{ apiGroups: ['', 'coordination.k8s.io'], resources: ['configmaps', 'leases'], verbs }],
    'default',
  );
  const lease = '/apis/coordination.k8s.io/v1/namespaces/default/leases/new';
  const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'new' } };
  const why =
    'leases.coordination.k8s.io \\"new\\" is forbidden: User \\"pat\\" cannot create resource \\"leases\\" in API group \\"coordination.k8s.io\\" in the namespace \\"default\\"';
  const applied = () => ask('PATCH', `${lease}?fieldManager=m`, body, 'pat', 'application/apply-patch+yaml');
  for (const asked of [await applied(), await ask('PUT', lease, body, 'pat')]) {
    expect(asked).toMatchObject({ status: 403, body: expect.stringContaining(why) });
  }
  expect((await ask('PUT', lease, body)).status).toBe(201);
  expect((await ask('PUT', lease, body, 'pat')).status).toBe(200);
  expect((await applied()).status).toBe(200);
});

test('a replacement makes what is absent only of the kinds of which Kubernetes does', async () => {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'absent' } };
  expect((await ask('PUT', '/api/v1/namespaces/default/configmaps/absent', map)).status).toBe(404);
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'absent' }, rules: [] };
  expect((await ask('PUT', `${rbac}/namespaces/default/roles/absent`, role)).status).toBe(201);
  const other = { ...role, metadata: { name: 'gone', uid: 'x' } };
  expect((await ask('PUT', `${rbac}/namespaces/default/roles/gone`, other)).status).toBe(409);
});

test('who takes the part of another has the UID and the extra values that it says, when it may say them', async () => {
  const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const part = {
    'Impersonate-Uid': '3',
    'Impersonate-Group': ['one, two', 'three'],
    'Impersonate-Extra-Example.com%2fScopes': ['a,b', 'c'],
  };
  const whoami = (as: string, more: object = {}) => ask('POST', review, {}, as, 'application/json', more);
  const { status } = JSON.parse((await whoami('bob', part)).body) as { status: { userInfo: object } };
  expect(status.userInfo).toEqual({
    username: 'bob',
    uid: '3',
    groups: ['one, two', 'three', 'system:authenticated'],
    extra: { 'example.com/scopes': ['a,b', 'c'] },
  });
  const noUser = await ask('POST', review, {}, undefined, 'application/json', { 'Impersonate-Uid': '3' });
  expect(noUser).toMatchObject({ status: 400, body: expect.stringContaining('without impersonating a user') });

  const account = 'system:serviceaccount:default:mimic';
  await ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'mimic' } });
  await grant(account, [{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }]);
  const token = await ask('POST', '/api/v1/namespaces/default/serviceaccounts/mimic/token', { spec: {} });
  const { status: issued } = JSON.parse(token.body) as { status: { token: string } };
  const authorization = `Bearer ${issued.token}`;
  const nested = (more: object) => ask('POST', review, {}, 'bob', 'application/json', { authorization, ...more });
  expect((await nested({})).status).toBe(201);
  const why =
    'cannot impersonate resource \\"userextras/scopes\\" in API group \\"authentication.k8s.io\\" at the cluster scope';
  expect(await nested({ 'impersonate-extra-scopes': 'x' })).toMatchObject({
    status: 403,
    body: expect.stringContaining(why),
  });
  expect((await nested({ 'impersonate-uid': '1' })).status).toBe(403);
});

test('the certificate that pods trust is in every namespace, whatever is done to it', async () => {
  const path = '/api/v1/namespaces/default/configmaps/kube-root-ca.crt';
  const data = async () => {
    const { status, body } = await ask('GET', path);
    return status === 200 ? (JSON.parse(body) as { data: Record<string, string> }).data : undefined;
  };
  const whole = { 'ca.crt': server.certificates.authority.cert };
  await expect.poll(data).toEqual(whole);
  await ask('DELETE', path);
  await expect.poll(data).toEqual(whole);
  await ask('PATCH', path, { data: { 'ca.crt': '', more: 'x' } }, undefined, 'application/merge-patch+json');
  await expect.poll(data).toEqual(whole);
});
