import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { type KubeObject, type Resource, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { issueCertificate, makeAuthority } from '../certificates/issue.ts';
import { startTestApi, type TestApi } from '../testing.ts';
import { checkProxyable, type Dial } from './index.ts';

const namespace = 'default';
const nodes = resources.nodes as Resource;
const endpointSlices: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  resource: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
};

/** What listens behind each address of the cluster: everything else refuses. */
const behind = new Map<string, number>();
const dialled: string[] = [];
const dial: Dial = ({ host, port }) => {
  dialled.push(`${host}:${port}`);
  return connect({ host: '127.0.0.1', port: behind.get(`${host}:${port}`) ?? 1 });
};

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}
let seen: Seen;
let server: TestApi;
const servers: Server[] = [];

beforeAll(async () => {
  server = await startTestApi({ dial });
  const client = server.api.client({ name: 'root', groups: ['system:masters'] });
  const make = (resource: Resource, object: object) => client.create(resource, object as KubeObject);
  await make(resources.serviceAccounts as Resource, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace, name: 'default' },
  });
  for (const [name, ip] of [
    ['p', '10.0.0.5'],
    ['evil', '127.0.0.1'],
    ['waiting', undefined],
    ['pretend', '198.18.0.5'],
  ] as const) {
    const containers = [{ name: 'c', image: 'i', ports: [{ containerPort: 8080 }] }];
    const spec = { containers, ...(name === 'pretend' ? { nodeName: name } : {}) };
    await make(resources.pods as Resource, { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name }, spec });
    if (ip === undefined) continue;
    const patch = { type: 'merge' as const, body: { status: { podIP: ip, podIPs: [{ ip }] } } };
    await client.patch(resources.pods, { namespace, name }, patch, { subresource: 'status' });
  }
  await make(resources.services as Resource, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name: 's' },
    spec: { ports: [{ name: 'web', port: 80, targetPort: 8080 }] },
  });
  await make(endpointSlices, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: 's-1', labels: { 'kubernetes.io/service-name': 's' } },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.0.0.5'], conditions: { ready: true } },
      { addresses: ['10.0.0.6'], conditions: { ready: false } },
    ],
    ports: [{ name: 'web', port: 8080, protocol: 'TCP' }],
  });
  for (const [name, address, labels] of [
    ['n', '10.0.0.9', {}],
    ['pretend', '198.19.0.1', { 'berth.dev/simulated': 'true' }],
  ] as const) {
    await make(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
    const body = { status: { addresses: [{ type: 'InternalIP', address }] } };
    await client.patch(nodes, { name }, { type: 'merge', body }, { subresource: 'status' });
  }

  const plain = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
      const code = url.startsWith('/moved') ? 302 : url.startsWith('/teapot') ? 418 : 200;
      const location = new URL(url, 'http://x').searchParams.get('to');
      response.writeHead(code, {
        'content-type': 'text/plain',
        'access-control-allow-origin': '*',
        'x-own': ['a', 'b'],
        ...(location === null ? {} : { location }),
      });
      response.end(`${method} ${url}`);
    });
  });
  const sockets = new WebSocketServer({ server: plain });
  sockets.on('connection', (socket, request) => {
    socket.on('message', (data) => socket.send(`${request.url} ${String(data)}`));
  });
  const notBefore = new Date(Date.now() - 60_000);
  const notAfter = new Date(Date.now() + 3_600_000);
  const authority = await makeAuthority('somebody', notBefore, notAfter);
  const pair = await issueCertificate(authority, {
    commonName: 'p',
    usage: 'server',
    names: ['p'],
    notBefore,
    notAfter,
  });
  const secure = createTlsServer({ cert: pair.cert, key: pair.key }, (_request, response) => response.end('secure'));
  for (const [one, address] of [
    [plain, '10.0.0.5:8080'],
    [plain, '10.0.0.9:9100'],
    [secure, '10.0.0.5:8443'],
  ] as const) {
    if (!one.listening) {
      await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
      servers.push(one);
    }
    behind.set(address, (one.address() as AddressInfo).port);
  }
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  for (const one of servers) {
    one.closeAllConnections();
    one.close();
  }
});

interface Answer {
  code: number;
  headers: IncomingHttpHeaders;
  body: string;
}

async function ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  const { authority, admin } = server.certificates;
  const { method = 'GET', headers = {}, body } = options;
  const request = httpsRequest(`${server.url}/api/v1/${path}`, {
    ...{ method, headers, ca: authority.cert, cert: admin.cert, key: admin.key, agent: false },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { code: response.statusCode ?? 0, headers: response.headers, body: text } satisfies Answer;
}
const message = ({ body }: Answer) => (JSON.parse(body) as { message: string }).message;
const pods = 'namespaces/default/pods';
const services = 'namespaces/default/services';

describe('a request', () => {
  test.each([
    [`${pods}/p/proxy/a/b?x=1&x=2`, '/a/b?x=1&x=2'],
    [`${pods}/p:8080/proxy/a%2Fb%20c/?path=own`, '/a%2Fb%20c/?path=own'],
    [`${pods}/http:p:8080/proxy/`, '/'],
    [`${services}/s:web/proxy/a`, '/a'],
    [`${services}/s:80/proxy/a`, '/a'],
    [`${services}/http:s:web/proxy/a`, '/a'],
    ['nodes/n:9100/proxy/metrics', '/metrics'],
  ])('for %s arrives as %s', async (path, url) => {
    expect(await ask(path)).toMatchObject({ code: 200, body: `GET ${url}` });
    expect(seen.headers['x-forwarded-for']).toBe('127.0.0.1');
  });

  test('goes over TLS by the scheme, whoever signed the certificate', async () => {
    expect(await ask(`${pods}/https:p:8443/proxy/`)).toMatchObject({ code: 200, body: 'secure' });
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('by %s keeps its body and headers', async (method) => {
    const headers = { 'content-type': 'text/x-own', 'x-own': '1', 'transfer-encoding': 'chunked' };
    const answer = await ask(`${pods}/p/proxy/form`, { method, headers, body: 'whole' });
    expect(answer).toMatchObject({ code: 200, body: `${method} /form` });
    expect(answer.headers['x-own']).toBe('a, b');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(seen).toMatchObject({ body: 'whole', headers: { 'content-type': 'text/x-own', 'x-own': '1' } });
  });

  test('carries neither credentials nor claims about who is asking', async () => {
    const headers = {
      authorization: 'Basic c2VjcmV0',
      'x-remote-user': 'somebody',
      'x-remote-extra-scopes': 'all',
      'impersonate-user': 'jane',
      'impersonate-group': 'system:masters',
      connection: 'x-hop',
      'x-hop': '1',
    };
    expect((await ask(`${pods}/p/proxy/`, { headers })).code).toBe(200);
    const names = Object.keys(seen.headers);
    expect(names.filter((name) => /authorization|remote|impersonate|hop/.test(name))).toEqual([]);
  });

  test('gets the status of the target as it is', async () => {
    expect(await ask(`${pods}/p/proxy/teapot`)).toMatchObject({ code: 418, body: 'GET /teapot' });
  });
});

describe('a redirect', () => {
  const prefix = '/api/v1/namespaces/default/pods/p/proxy';
  test.each([
    ['/b?c=d', `${prefix}/b?c=d`],
    [`${prefix}/b`, `${prefix}/b`],
    ['b', 'b'],
    ['https://elsewhere.example.com/b', 'https://elsewhere.example.com/b'],
  ])('to %s leads to %s', async (to, leads) => {
    const answer = await ask(`${pods}/p/proxy/moved?to=${encodeURIComponent(to)}`);
    expect(answer).toMatchObject({ code: 302, headers: { location: leads } });
  });

  test('to its own host stays behind the proxy', async () => {
    const to = `${server.url}/b/`;
    expect((await ask(`${pods}/p/proxy/moved?to=${encodeURIComponent(to)}`)).headers.location).toBe(`${prefix}/b/`);
  });

  test('adds the slash without which relative links would miss', async () => {
    expect(await ask(`${pods}/p/proxy?a=b`)).toMatchObject({ code: 301, headers: { location: `${prefix}/?a=b` } });
  });
});

describe('is refused', () => {
  test.each([
    [`${pods}/nobody/proxy/`, 404, 'pods "nobody" not found'],
    [`${services}/nobody/proxy/`, 404, 'services "nobody" not found'],
    [`${pods}/p:81/proxy/`, 503, 'error trying to reach service: dial tcp 10.0.0.5:81: connect: connection refused'],
    [`${services}/s:81/proxy/`, 503, 'no service port 81 found for service "s"'],
    [`${services}/s/proxy/`, 503, 'no endpoints available for service "s"'],
    [`${services}/s:other/proxy/`, 503, 'no endpoints available for service "s:other"'],
    ['nodes/pretend/proxy/', 503, 'error trying to reach service: node pretend runs no containers that can be reached'],
    [
      `${pods}/pretend/proxy/`,
      503,
      'error trying to reach service: node pretend runs no containers that can be reached',
    ],
    [
      'nodes/n/proxy/metrics',
      503,
      'error trying to reach service: dial tcp 10.0.0.9:10250: connect: connection refused',
    ],
    [`${pods}/ftp:p:21/proxy/`, 400, 'invalid pod request "ftp:p:21"'],
    [`${pods}/p:x/proxy/`, 400, 'invalid pod request "p:x"'],
    [`${pods}/evil:80/proxy/`, 400, 'address not allowed'],
    [`${pods}/waiting/proxy/`, 400, 'address not allowed'],
  ])('%s with %i: %s', async (path, code, why) => {
    const answer = await ask(path);
    expect([answer.code, message(answer)]).toEqual([code, why]);
  });

  test('who may not', async () => {
    const answer = await ask(`${pods}/p:8080/proxy/`, { headers: { 'impersonate-user': 'jane' } });
    expect(message(answer)).toBe(
      'pods "p:8080" is forbidden: User "jane" cannot get resource "pods/proxy" in API group "" in the namespace "default"',
    );
    const posted = await ask(`${services}/s/proxy/`, { method: 'POST', headers: { 'impersonate-user': 'jane' } });
    expect(message(posted)).toContain('cannot create resource "services/proxy"');
  });

  test('an address that no pod can have', () => {
    for (const address of [
      '127.0.0.1',
      '::1',
      '169.254.169.254',
      '0.0.0.0',
      '224.0.0.1',
      'fe80::1',
      '::ffff:127.0.0.1',
      'x',
    ]) {
      expect(() => checkProxyable(address), address).toThrow('address not allowed');
    }
    expect(() => checkProxyable('10.0.0.1')).not.toThrow();
    expect(dialled.some((address) => address.startsWith('127.'))).toBe(false);
  });
});

test('a WebSocket is carried through', async () => {
  const { authority, admin } = server.certificates;
  const url = `${server.url.replace('https', 'wss')}/api/v1/${pods}/p/proxy/chat?room=1`;
  const socket = new WebSocket(url, { ca: authority.cert, cert: admin.cert, key: admin.key });
  await once(socket, 'open');
  socket.send('hello');
  const [said] = (await once(socket, 'message')) as [Buffer];
  expect(said.toString()).toBe('/chat?room=1 hello');
  socket.close();
});

test('a WebSocket to nobody is refused with a status', async () => {
  const { authority, admin } = server.certificates;
  const url = `${server.url.replace('https', 'wss')}/api/v1/${pods}/p:81/proxy/`;
  const socket = new WebSocket(url, { ca: authority.cert, cert: admin.cert, key: admin.key });
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(503);
  socket.on('error', () => {});
  socket.terminate();
});
