import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { KubeClient } from '@berth/kube/client';
import { type KubeObject, type Resource, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeAuthority } from '../certificates/issue.ts';
import { startTestApi, type TestApi } from '../testing.ts';
import { type ApiService, apiServices, availableCondition } from './api-service.ts';
import { startTestExtension, type TestExtension } from './testing.ts';

const namespace = 'default';
const group = 'metrics.example.com';
const host = 'metrics.default.svc';
const endpointSlices: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  resource: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
};
const definitions: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

let server: TestApi;
let client: KubeClient;
let extension: TestExtension;

beforeAll(async () => {
  extension = await startTestExtension({ group, version: 'v1beta1', host });
  server = await startTestApi({
    dial: (address) => connect({ host: '127.0.0.1', port: address.host === '10.0.0.7' ? extension.port : 1 }),
  });
  client = server.api.client({ name: 'root', groups: ['system:masters'] });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await extension[Symbol.asyncDispose]();
});

function apiService(version: string, spec: object = {}, name = `${version}.${group}`): ApiService {
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name },
    spec: {
      group,
      version,
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service: { namespace, name: 'metrics' },
      caBundle: extension.caBundle,
      ...spec,
    },
  };
}

async function until<T>(read: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await read();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until the condition says so. */
const available = (name: string, reason: string) =>
  until(async () => {
    const condition = availableCondition(await client.get(apiServices, { name }));
    return condition?.reason === reason && condition;
  });

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string) {
  const { authority: ca, admin } = server.certificates;
  const request = httpsRequest(`${server.url}${path}`, {
    ...{ method, headers, ca: ca.cert, cert: admin.cert, key: admin.key, agent: false },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { code: response.statusCode, type: response.headers['content-type'], body: text };
}

describe('what is served here', () => {
  test('has APIServices that are available', async () => {
    const listed = await until(async () => {
      const { items } = await client.list(apiServices);
      return items.length > 20 && items.every((one) => availableCondition(one)) && items;
    });
    const core = listed.find(({ metadata }) => metadata.name === 'v1.');
    expect(core).toMatchObject({
      metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
      spec: { version: 'v1', groupPriorityMinimum: 18_000, versionPriority: 1 },
      status: {
        conditions: [
          { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' },
        ],
      },
    });
    expect(listed.find(({ metadata }) => metadata.name === 'v2.autoscaling')?.spec.versionPriority).toBe(30);
    expect(listed.some(({ spec }) => spec.group === 'apiregistration.k8s.io')).toBe(false);
  });

  test('has them as long as a custom resource is served', async () => {
    const name = 'v1.things.example.com';
    const metadata = { name: 'things.things.example.com' };
    await client.create(definitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata,
      spec: {
        group: 'things.example.com',
        scope: 'Namespaced',
        names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    } as KubeObject);
    const made = await until(() => client.get(apiServices, { name }).catch(() => undefined));
    expect(made).toMatchObject({
      metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'true' } },
      spec: { group: 'things.example.com', groupPriorityMinimum: 1000, versionPriority: 100 },
    });
    await client.delete(definitions, metadata);
    await until(async () => !(await client.list(apiServices)).items.some((one) => one.metadata.name === name));
  });

  test('whom aggregated servers may believe is published', async () => {
    const key = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };
    const { data } = await until(() => client.get(resources.configMaps, key).catch(() => undefined));
    expect(data).toEqual({
      'client-ca-file': server.certificates.authority.cert,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-client-ca-file': server.certificates.frontProxy.authority,
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-username-headers': '["X-Remote-User"]',
    });
  });
});

describe('an aggregated API', () => {
  const name = `v1beta1.${group}`;
  const path = `/apis/${group}/v1beta1`;

  test('says what keeps it from being available, and becomes so', async () => {
    await client.create(apiServices, apiService('v1beta1'));
    const first = await available(name, 'ServiceNotFound');
    expect(first.message).toBe('service/metrics in "default" is not present');
    expect(await ask(`${path}/nodes`)).toEqual({
      code: 503,
      type: 'text/plain; charset=utf-8',
      body: 'service unavailable\n',
    });
    await client.create(
      resources.services as Resource,
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace, name: 'metrics' },
        spec: { ports: [{ name: 'https', port: 443, targetPort: 8443 }] },
      } as KubeObject,
    );
    await available(name, 'EndpointsNotFound');
    const slice = (address: string[]): KubeObject =>
      ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { namespace, name: 'metrics-1', labels: { 'kubernetes.io/service-name': 'metrics' } },
        addressType: 'IPv4',
        endpoints: address.map((one) => ({ addresses: [one], conditions: { ready: true } })),
        ports: [{ name: 'https', port: 8443, protocol: 'TCP' }],
      }) as unknown as KubeObject;
    await client.create(endpointSlices, slice([]));
    expect((await available(name, 'MissingEndpoints')).message).toBe(
      'endpoints for service/metrics in "default" have no addresses with port name "https"',
    );
    await client.update(endpointSlices, slice(['10.0.0.8']));
    expect((await available(name, 'FailedDiscoveryCheck')).message).toBe(
      `failing or missing response from https://10.0.0.8:8443${path}: Get "https://10.0.0.8:8443${path}": dial tcp 10.0.0.8:8443: connect: connection refused`,
    );
    await client.update(endpointSlices, slice(['10.0.0.7']));
    expect(await available(name, 'Passed')).toMatchObject({ status: 'True', message: 'all checks passed' });
  });

  test('is served on while its APIService is changed', async () => {
    for (const versionPriority of [110, 120, 100]) {
      await client.patch(apiServices, { name }, { type: 'merge', body: { spec: { versionPriority } } });
      expect(await ask(`${path}/nodes`)).toMatchObject({ code: 200 });
    }
  });

  test('gets requests in the name of the user, proved by the front proxy certificate', async () => {
    const headers = {
      authorization: 'Basic c2VjcmV0',
      'x-remote-user': 'system:admin',
      'x-remote-group': 'system:masters',
      'x-remote-extra-all': 'yes',
    };
    expect(await ask(`${path}/nodes?limit=1`, headers)).toMatchObject({ code: 200 });
    const { url, headers: sent, certificate } = extension.seen.at(-1) ?? {};
    expect(url).toBe(`${path}/nodes?limit=1`);
    expect(certificate).toBe('front-proxy-client');
    expect(sent).toMatchObject({
      host: `${host}:8443`,
      'x-remote-user': 'kubernetes-admin',
      'x-remote-group': 'system:masters, system:authenticated',
    });
    expect(sent?.['x-remote-extra-authentication.kubernetes.io%2fcredential-id']).toMatch(/^X509SHA256=/);
    expect(Object.keys(sent ?? {}).filter((one) => /authorization|extra-all/.test(one))).toEqual([]);
    expect(sent?.['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
    const posted = await ask(`${path}/namespaces/default/pods`, { 'content-type': 'x/y' }, 'POST', 'whole');
    expect([posted.code, extension.seen.at(-1)?.body, extension.seen.at(-1)?.headers['content-type']]).toEqual([
      200,
      'whole',
      'x/y',
    ]);
  });

  test('is reached only by who may', async () => {
    const before = extension.seen.length;
    const refused = await ask(`${path}/namespaces/default/pods/p`, { 'impersonate-user': 'jane' });
    expect(refused.code).toBe(403);
    expect((JSON.parse(refused.body) as { message: string }).message).toBe(
      `pods.${group} "p" is forbidden: User "jane" cannot get resource "pods" in API group "${group}" in the namespace "default"`,
    );
    const anonymous = httpsRequest(`${server.url}${path}/nodes`, {
      ca: server.certificates.authority.cert,
      agent: false,
    });
    anonymous.end();
    const [response] = (await once(anonymous, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(401);
    expect(extension.seen.length).toBe(before);
  });

  test('is part of discovery in both forms', async () => {
    const groups = JSON.parse((await ask('/apis')).body) as { groups: { name: string }[] };
    expect(groups.groups.at(-1)).toEqual({
      name: group,
      versions: [{ groupVersion: `${group}/v1beta1`, version: 'v1beta1' }],
      preferredVersion: { groupVersion: `${group}/v1beta1`, version: 'v1beta1' },
    });
    expect(JSON.parse((await ask(`/apis/${group}`)).body)).toMatchObject({ kind: 'APIGroup', name: group });
    expect(JSON.parse((await ask(path)).body)).toMatchObject({ kind: 'APIResourceList' });
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const { items } = JSON.parse((await ask('/apis', { accept })).body) as { items: object[] };
    expect(items.at(-1)).toMatchObject({
      metadata: { name: group },
      versions: [
        {
          version: 'v1beta1',
          freshness: 'Current',
          resources: [
            { resource: 'nodes', scope: 'Cluster', responseKind: { group, version: 'v1beta1', kind: 'NodeMetrics' } },
            {
              resource: 'pods',
              scope: 'Namespaced',
              singularResource: 'pod',
              shortNames: ['pm'],
              subresources: [
                { subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
              ],
            },
          ],
        },
      ],
    });
  });

  test('is part of OpenAPI', async () => {
    const { paths } = JSON.parse((await ask('/openapi/v3')).body) as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    expect(Object.keys(paths)).toContain('apis/apps/v1');
    const address = paths[`apis/${group}/v1beta1`]?.serverRelativeURL ?? '';
    expect(address).toBe(`/openapi/v3/apis/${group}/v1beta1?hash=ABC`);
    expect(JSON.parse((await ask(address)).body)).toEqual({
      kind: 'Answered',
      url: `/openapi/v3/apis/${group}/v1beta1`,
    });
  });

  test('streams watches as they come', async () => {
    const { authority: ca, admin } = server.certificates;
    const request = httpsRequest(`${server.url}${path}/nodes?watch=true`, {
      ...{ ca: ca.cert, cert: admin.cert, key: admin.key, agent: false },
    });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    response.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await until(async () => text.split('\n').length === 3);
    request.destroy();
  });

  test('is upgraded through', async () => {
    const { authority: ca, admin } = server.certificates;
    const url = `${server.url.replace('https', 'wss')}${path}/namespaces/default/pods/p/attach`;
    const socket = new WebSocket(url, { ca: ca.cert, cert: admin.cert, key: admin.key });
    const [said] = (await once(socket, 'message')) as [Buffer];
    expect(said.toString()).toBe(`${path}/namespaces/default/pods/p/attach kubernetes-admin`);
    socket.close();
  });

  test('takes nothing else down when it fails, and comes back', async () => {
    extension.isBroken = true;
    await client.patch(apiServices, { name }, { type: 'merge', body: { spec: { versionPriority: 99 } } });
    const condition = await available(name, 'FailedDiscoveryCheck');
    expect(condition.message).toMatch(/bad status from https:\/\/10\.0\.0\.7:8443\/apis\/.*: 500$/);
    expect((await ask(path)).code).toBe(503);
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const told = await ask('/apis', { accept });
    expect(told.code).toBe(200);
    const { items } = JSON.parse(told.body) as { items: { versions: { freshness: string; resources: object[] }[] }[] };
    expect(items.at(-1)?.versions[0]).toMatchObject({ freshness: 'Stale' });
    expect(items.at(-1)?.versions[0]?.resources).toHaveLength(2);
    expect((await ask('/apis/apps/v1')).code).toBe(200);
    extension.isBroken = false;
    await client.patch(apiServices, { name }, { type: 'merge', body: { spec: { versionPriority: 100 } } });
    await available(name, 'Passed');
  });

  test('whose certificate another authority signed is not believed', async () => {
    const other = await makeAuthority('other', new Date(Date.now() - 60_000), new Date(Date.now() + 60_000));
    const caBundle = Buffer.from(other.cert).toString('base64');
    await client.create(apiServices, apiService('v1', { caBundle }));
    expect((await available(`v1.${group}`, 'FailedDiscoveryCheck')).message).toContain(
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
    await client.delete(apiServices, { name: `v1.${group}` });
    expect((await ask(`/apis/${group}/v1`)).code).toBe(404);
  });

  test('is gone with its APIService', async () => {
    await client.delete(apiServices, { name });
    expect((await ask(path)).code).toBe(404);
    expect((await ask(`${path}/nodes`)).code).toBe(404);
    expect(
      (JSON.parse((await ask('/apis')).body) as { groups: { name: string }[] }).groups.map((one) => one.name),
    ).not.toContain(group);
  });
});
