import { remoteClient } from '@berth/kube/client';
import { type KubeObject, type Resource, resources } from '@berth/kube/objects';
import { Agent } from 'undici';
import { expect, test, vi } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';
import type { ApiOptions } from '../types.ts';
import { mandatory, suggested } from './defaults.ts';
import { type FlowSchema, levelResource, type PriorityLevel, schemaResource } from './types.ts';

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';
const user = (name: string) => ({ name, groups: ['readers'] });

async function start(options: Partial<ApiOptions> = {}) {
  const server = await startTestApi(options);
  return { server, client: server.api.client({ name: 'admin', groups: ['system:masters'] }) };
}

/** An API server that `a` and `b` may read everything of, by tokens of their names. */
async function withReaders(options: Partial<ApiOptions> = {}) {
  const tokens = { a: user('a'), b: user('b') };
  const certificates = await startTestApi();
  const { serviceAccountKey } = certificates.certificates;
  await certificates[Symbol.asyncDispose]();
  const started = await start({ authentication: { serviceAccountKey, tokens }, ...options });
  await started.client.create(
    resources.clusterRoleBindings as Resource,
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'readers' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'readers' }],
    } as KubeObject,
  );
  return started;
}

/** Asks as somebody on connections of his own. */
function asking({ url, certificates }: TestApi, token: string, connections: number) {
  const agent = new Agent({ connections, pipelining: 1, connect: { ca: certificates.authority.cert } });
  return {
    async get(path: string, signal?: AbortSignal) {
      const headers = { authorization: `Bearer ${token}` };
      const {
        statusCode,
        headers: told,
        body,
      } = await agent.request({ origin: url, path, method: 'GET', headers, ...(signal ? { signal } : {}) });
      return { status: statusCode, headers: told, text: await body.text() };
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

function tight(limitResponse: object): PriorityLevel {
  return {
    apiVersion,
    kind: 'PriorityLevelConfiguration',
    metadata: { name: 'tight' },
    spec: {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 30, borrowingLimitPercent: 0, limitResponse },
    },
  } as PriorityLevel;
}

/** All that readers ask for, at a level. */
function ofReaders(level: string): FlowSchema {
  return {
    apiVersion,
    kind: 'FlowSchema',
    metadata: { name: 'readers' },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: 50,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'Group', group: { name: 'readers' } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/version'] }],
        },
      ],
    },
  };
}

test('every cluster has the flow schemas and levels of Kubernetes, which say that they fit', async () => {
  const { server, client } = await start();
  await using _ = server;
  const names = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name).sort();
  const { items: levels } = await client.list(levelResource);
  expect(names(levels)).toEqual(names([...mandatory.levels, ...suggested.levels]));
  expect(levels[0]?.metadata.annotations).toEqual({ 'apf.kubernetes.io/autoupdate-spec': 'true' });
  await vi.waitFor(async () => {
    const { items } = await client.list(schemaResource);
    expect(names(items)).toEqual(names([...mandatory.schemas, ...suggested.schemas]));
    for (const { status } of items) {
      expect(status?.conditions).toMatchObject([{ type: 'Dangling', status: 'False', reason: 'Found' }]);
    }
  });
});

test('what was changed of the defaults is put right, unless they are to be left alone', async () => {
  const { server, client } = await start();
  await using _ = server;
  await client.delete(schemaResource, { name: 'catch-all' });
  await client.delete(levelResource, { name: 'system' });
  await client.patch(
    levelResource,
    { name: 'workload-low' },
    { type: 'merge', body: { spec: { limited: { nominalConcurrencyShares: 7 } } } },
  );
  const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'false' };
  await client.patch(
    levelResource,
    { name: 'workload-high' },
    { type: 'merge', body: { metadata: { annotations }, spec: { limited: { nominalConcurrencyShares: 7 } } } },
  );
  const shares = async (name: string) =>
    (await client.get(levelResource, { name })).spec.limited?.nominalConcurrencyShares;
  await vi.waitFor(async () => {
    expect((await client.get(schemaResource, { name: 'catch-all' })).spec.matchingPrecedence).toBe(10_000);
    expect(await shares('system')).toBe(30);
    expect(await shares('workload-low')).toBe(100);
  });
  expect(await shares('workload-high')).toBe(7);
});

test('a schema says when its level is missing, and serves nobody then', async () => {
  const { server, client } = await withReaders();
  await using _ = server;
  await using b = asking(server, 'b', 1);
  const readers = await client.create(schemaResource, ofReaders('tight'));
  const condition = async () => (await client.get(schemaResource, { name: 'readers' })).status?.conditions?.[0];
  await vi.waitFor(async () => {
    expect(await condition()).toMatchObject({
      status: 'True',
      reason: 'NotFound',
      message:
        'This FlowSchema references the PriorityLevelConfiguration object named "tight" but there is no such object',
    });
  });
  const { uid } = (await client.get(schemaResource, { name: 'global-default' })).metadata;
  const path = '/api/v1/namespaces/default';
  expect((await b.get(path)).headers['x-kubernetes-pf-flowschema-uid']).toBe(uid);
  const level = await client.create(levelResource, tight({ type: 'Reject' }));
  await vi.waitFor(async () => expect(await condition()).toMatchObject({ status: 'False', reason: 'Found' }));
  const { headers } = await b.get(path);
  expect(headers['x-kubernetes-pf-flowschema-uid']).toBe(readers.metadata.uid);
  expect(headers['x-kubernetes-pf-prioritylevel-uid']).toBe(level.metadata.uid);
});

test('who floods the server waits and is refused, and another is served meanwhile', async () => {
  const { server, client } = await withReaders({ maxRequestsInflight: 40 });
  await using _ = server;
  // The hands of `a` and `b` have no queue in common.
  const queuing = { queues: 64, handSize: 2, queueLengthLimit: 20 };
  await client.create(levelResource, tight({ type: 'Queue', queuing }));
  await client.create(schemaResource, ofReaders('tight'));
  const data = { text: 'x'.repeat(20_000) };
  for (let i = 0; i < 50; i++) {
    const metadata = { name: `m${i}`, namespace: 'default' };
    await client.create(resources.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  }
  await using a = asking(server, 'a', 200);
  await using b = asking(server, 'b', 1);
  const small = '/api/v1/namespaces/default/configmaps/m0';
  expect((await b.get(small)).status).toBe(200);

  let [ended, served] = [0, 0];
  const flood = Array.from({ length: 200 }, async () => {
    const answer = await a.get('/api/v1/namespaces/default/configmaps');
    ended++;
    if (answer.status === 200) served++;
    return answer;
  });
  await vi.waitFor(() => expect(ended).toBeGreaterThan(0), { interval: 1 });
  for (let i = 0; i < 3; i++) expect((await b.get(small)).status).toBe(200);
  const servedMeanwhile = served;
  const answers = await Promise.all(flood);
  const refused = answers.filter(({ status }) => status === 429);
  expect(served + refused.length).toBe(200);
  // Both of its queues were full, and all that was in them was served in the end.
  expect(served).toBeGreaterThanOrEqual(40);
  expect(refused.length).toBeGreaterThan(0);
  for (const { headers, text } of refused) {
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(text).toBe('Too many requests, please try again later.\n');
  }
  // The other did not wait for all that had come before him.
  expect(servedMeanwhile).toBeLessThan(served);
});

test('the admin, probes and metrics are served whatever else waits', async () => {
  const { server, client } = await withReaders({ maxRequestsInflight: 60 });
  await using _ = server;
  const uidOf = async (name: string) => (await client.get(schemaResource, { name })).metadata.uid;
  await using b = asking(server, 'b', 1);
  const schemaAt = async (path: string) => (await b.get(path)).headers['x-kubernetes-pf-flowschema-uid'];
  expect(await schemaAt('/readyz')).toBe(await uidOf('probes'));
  expect(await schemaAt('/metrics')).toBe(await uidOf('metrics'));
  expect(await schemaAt('/version')).toBe(await uidOf('global-default'));
  // What anybody may read is told apart by who does.
  await client.create(schemaResource, ofReaders('workload-low'));
  expect(await schemaAt('/version')).toBe(await uidOf('readers'));
  const admin = remoteClient({
    server: server.url,
    ca: server.certificates.authority.cert,
    ...server.certificates.admin,
  });
  expect((await admin.get(resources.namespaces, { name: 'default' })).metadata.name).toBe('default');
});

test('a request that waits too long, or whose client goes away, leaves its queue', async () => {
  const { server, client } = await withReaders({ maxRequestsInflight: 60 });
  await using _ = server;
  // A level of one seat, which a watch that cannot begin holds.
  const queuing = { queues: 1, handSize: 1, queueLengthLimit: 5 };
  const level = tight({ type: 'Queue', queuing });
  Object.assign(level.spec.limited ?? {}, { nominalConcurrencyShares: 1 });
  await client.create(levelResource, level);
  await client.create(schemaResource, ofReaders('tight'));
  await using a = asking(server, 'a', 5);
  await using b = asking(server, 'b', 5);
  const held = a.get('/api/v1/namespaces/default/configmaps?resourceVersion=999999');
  const dump = async (what: string) => (await b.get(`/debug/api_priority_and_fairness/${what}`)).text;
  await vi.waitFor(async () => expect(await dump('dump_requests')).toMatch(/^tight, +readers, +0, +-1, +a, /m));
  const late = await b.get('/api/v1/namespaces/default?timeout=20ms');
  expect(late.status).toBe(429);
  const leaving = new AbortController();
  const left = b.get('/api/v1/namespaces/default', leaving.signal);
  await vi.waitFor(async () => {
    const details = await dump('dump_requests?includeRequestDetails=1');
    expect(details).toMatch(/^tight, +readers, +0, +0, +b, .*, +b, +get, +\/api\/v1\/namespaces\/default, +default, /m);
  });
  leaving.abort();
  await expect(left).rejects.toThrow();
  await vi.waitFor(async () => expect(await dump('dump_queues')).toMatch(/^tight, +0, +0, +1, /m));
  expect((await held).status).toBe(504);
  const { text } = await b.get('/metrics');
  const labels = 'priority_level="tight",flow_schema="readers"';
  expect(text).toContain(`apiserver_flowcontrol_rejected_requests_total{${labels},reason="time-out"} 2\n`);
  expect(text).toContain(`apiserver_flowcontrol_dispatched_requests_total{${labels}} 1\n`);
  expect(text).toContain(`apiserver_flowcontrol_current_executing_requests{${labels}} 0\n`);
  expect(text).toContain('apiserver_flowcontrol_nominal_limit_seats{priority_level="tight"} 1\n');
  expect(await dump('dump_priority_levels')).toMatch(/^tight, +0, +true, +false, +0, +0, +1, +2, +0, +2$/m);
});

test('a watch gives its seat back when it has begun', async () => {
  const { server, client } = await withReaders({ maxRequestsInflight: 60 });
  await using _ = server;
  const level = tight({ type: 'Reject' });
  Object.assign(level.spec.limited ?? {}, { nominalConcurrencyShares: 1 });
  await client.create(levelResource, level);
  await client.create(schemaResource, ofReaders('tight'));
  await using a = asking(server, 'a', 20);
  const ending = new AbortController();
  const watches: Promise<unknown>[] = [];
  for (let i = 0; i < 5; i++) {
    watches.push(a.get('/api/v1/configmaps?watch=true', ending.signal).catch(() => {}));
    await vi.waitFor(async () => expect((await a.get('/api/v1/namespaces/default')).status).toBe(200));
  }
  ending.abort();
  await Promise.all(watches);
});

test('who reads an answer slowly does not keep others out', async () => {
  const { server, client } = await withReaders({ maxRequestsInflight: 60 });
  await using _ = server;
  const data = { text: 'x'.repeat(900_000) };
  for (let i = 0; i < 20; i++) {
    const metadata = { name: `m${i}`, namespace: 'default' };
    await client.create(resources.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  }
  const level = tight({ type: 'Reject' });
  Object.assign(level.spec.limited ?? {}, { nominalConcurrencyShares: 1 });
  await client.create(levelResource, level);
  await client.create(schemaResource, ofReaders('tight'));
  const { authority } = server.certificates;
  const slow = new Agent({ connections: 1, connect: { ca: authority.cert }, allowH2: false });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => slow.destroy());
  await using b = asking(server, 'b', 1);
  const { statusCode, body } = await slow.request({
    origin: server.url,
    path: '/api/v1/namespaces/default/configmaps',
    method: 'GET',
    headers: { authorization: 'Bearer a' },
  });
  body.on('error', () => {});
  expect(statusCode).toBe(200);
  await vi.waitFor(async () => expect((await b.get('/api/v1/namespaces/default')).status).toBe(200), 10_000);
  expect(body.readableEnded).toBe(false);
  body.destroy();
});
