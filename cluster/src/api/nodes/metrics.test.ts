import { type RemoteClient, remoteClient } from '@berth/kube/client';
import { resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

let fixture: TestApi;
let remote: RemoteClient;
const root = '/apis/metrics.k8s.io/v1beta1';

beforeAll(async () => {
  fixture = await startTestApi();
  const { api, certificates, url } = fixture;
  const client = api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  remote = remoteClient({ server: url, ca: certificates.authority.cert, ...certificates.admin, userAgent: 'test' });
  const node = (name: string) =>
    client.create(resources.nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { disk: name } } });
  await Promise.all([node('known'), node('silent'), node('lost')]);
  const conditions = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }];
  const patch = { type: 'merge', body: { status: { conditions } } } as const;
  await client.patch(resources.nodes, { name: 'lost' }, patch, { subresource: 'status' });
  await client.create(resources.serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  });
  for (const name of ['one', 'two', 'starting']) {
    const pod = await client.create(resources.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: { app: name } },
      spec: { nodeName: 'known', containers: [{ name: 'main', image: 'x' }] },
    });
    if (name === 'starting') continue;
    const body = { metadata: { uid: pod.metadata.uid }, status: { phase: 'Running' } };
    await client.patch(
      resources.pods,
      { namespace: 'default', name },
      { type: 'merge', body },
      { subresource: 'status' },
    );
  }
  const at = Date.parse('2026-01-02T03:04:05Z');
  const use = { at, window: 10_025, cpuNanocores: 1_250_123.4, memoryBytes: 10 * 1024 + 5 };
  api.setNodeAccess({
    get: (name, path) =>
      name === 'known' ? Promise.resolve({ code: 200, type: 'text/plain; charset=utf-8', body: path }) : undefined,
    nodeUse: (names) => new Map(names.filter((name) => name !== 'silent').map((name) => [name, use])),
    podUse: () => ({
      ...use,
      containers: [
        { name: 'main', ...use },
        { name: 'side', ...use },
      ],
    }),
  });
});
afterAll(async () => {
  await remote.connection.close();
  await fixture[Symbol.asyncDispose]();
});

const ask = (path: string, accept = 'application/json') => remote.connection.json({ method: 'GET', path, accept });
const get = (path: string) => ask(`${root}${path}`);
async function names(path: string): Promise<string[]> {
  const { items } = (await get(path)) as { items: { metadata: { name: string } }[] };
  return items.map(({ metadata }) => metadata.name);
}

test('nodes say what they use, in the units of metrics-server; of a silent one nothing is known', async () => {
  expect(await get('/nodes')).toMatchObject({ kind: 'NodeMetricsList', metadata: {} });
  expect(await names('/nodes')).toEqual(['known']);
  expect(await get('/nodes/known')).toEqual({
    apiVersion: 'metrics.k8s.io/v1beta1',
    kind: 'NodeMetrics',
    metadata: {
      name: 'known',
      creationTimestamp: expect.any(String),
      labels: expect.objectContaining({ disk: 'known' }),
    },
    timestamp: '2026-01-02T03:04:05Z',
    window: '10.025s',
    usage: { cpu: '1250123n', memory: '10Ki' },
  });
  await expect(get('/nodes/silent')).rejects.toMatchObject({
    code: 'NotFound',
    message: 'nodemetrics.metrics.k8s.io "silent" not found',
  });
});

test('pods that run say it by container', async () => {
  expect(await names('/pods')).toEqual(['one', 'two']);
  expect(await names('/namespaces/default/pods')).toEqual(['one', 'two']);
  expect(await names('/namespaces/other/pods')).toEqual([]);
  expect(await names('/namespaces/default/pods?labelSelector=app%3Dtwo')).toEqual(['two']);
  expect(await names('/pods?fieldSelector=metadata.name%3Done')).toEqual(['one']);
  expect(await names('/nodes?labelSelector=disk%3Dother')).toEqual([]);
  expect(await get('/namespaces/default/pods/one')).toMatchObject({
    kind: 'PodMetrics',
    containers: [{ name: 'main', usage: { cpu: '1250123n' } }, { name: 'side' }],
  });
  await expect(get('/namespaces/default/pods/starting')).rejects.toMatchObject({
    message: 'podmetrics.metrics.k8s.io "default/starting" not found',
  });
});

test('tables have the sums', async () => {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const table = (await ask(`${root}/pods`, accept)) as {
    rows: { cells: unknown[] }[];
    columnDefinitions: { name: string }[];
  };
  expect(table.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'cpu', 'memory', 'Window']);
  expect(table.rows[0]?.cells).toEqual(['one', '2500246n', '20Ki', '10.025s']);
});

test("an agent's own port is reached through the server by those who may", async () => {
  const through = async (path: string) => {
    const response = await remote.connection.send({ method: 'GET', path: `/api/v1/nodes/${path}` });
    return response.body.text();
  };
  expect(await through('known/proxy/stats/summary?only_cpu_and_memory=true')).toBe(
    '/stats/summary?only_cpu_and_memory=true',
  );
  expect(await through('known:10250/proxy/metrics')).toBe('/metrics');
  expect(await through('https:known:10250/proxy/metrics')).toBe('/metrics');
  await expect(
    remote.connection.send({ method: 'POST', path: '/api/v1/nodes/known/proxy/metrics' }),
  ).rejects.toMatchObject({
    code: 'MethodNotAllowed',
  });
  await expect(through('silent/proxy/metrics')).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  await expect(through('absent/proxy/metrics')).rejects.toMatchObject({ code: 'NotFound' });
});

test('they can be read and nothing else, and discovery has them', async () => {
  expect(await get('')).toMatchObject({
    resources: [
      { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
      { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
    ],
  });
  for (const [method, path] of [
    ['DELETE', '/nodes/known'],
    ['POST', '/nodes'],
    ['GET', '/nodes?watch=true'],
  ] as const) {
    await expect(remote.connection.json({ method, path: `${root}${path}` })).rejects.toMatchObject({
      code: 'MethodNotAllowed',
    });
  }
  await expect
    .poll(() => ask('/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io'))
    .toMatchObject({
      spec: { groupPriorityMinimum: 100, versionPriority: 100 },
      status: { conditions: [{ type: 'Available', status: 'True' }] },
    });
});
