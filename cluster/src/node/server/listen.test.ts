import { once } from 'node:events';
import { get as httpsGet } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { resources } from '@berth/kube/objects';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates, makeNodeCertificate } from '../../api/certificates/certificates.ts';
import { startTestApi, type TestApi } from '../../api/testing.ts';
import { attributesOf } from './authorize.ts';
import { type AgentServer, startAgentServer } from './listen.ts';

let fixture: TestApi;
let server: AgentServer;
const tokens: Record<string, string> = {};
const namespace = 'default';

beforeAll(async () => {
  fixture = await startTestApi();
  const { api, certificates, directory } = fixture;
  const client = api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  const rule = { apiGroups: [''], verbs: ['get'], resources: ['nodes/metrics', 'nodes/healthz'] };
  const names = ['127.0.0.1', 'n0'];
  const pair = await makeNodeCertificate(`${directory}/kubelet`, certificates.authority, {
    node: 'n0',
    names,
    now: new Date(),
  });
  await client.create(resources.clusterRoles, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'scraper' },
    rules: [rule],
  });
  await client.create(resources.clusterRoleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'scraper' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'scraper' },
    subjects: [{ kind: 'ServiceAccount', namespace, name: 'scraper' }],
  });
  for (const name of ['scraper', 'nobody']) {
    await client.create(resources.serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { namespace, name },
    });
    const made = await client.create(
      resources.serviceAccounts,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { namespace, name },
        spec: {},
      } as never,
      { subresource: 'token' },
    );
    tokens[name] = (made as unknown as { status: { token: string } }).status.token;
  }
  server = await startAgentServer({
    node: 'n0',
    host: '127.0.0.1',
    tls: { ...pair, clientCa: certificates.authority.cert },
    client,
    answer: async (path) => ({ code: 200, type: 'text/plain; charset=utf-8', body: path }),
    logger: pino({ level: 'silent' }),
  });
});
afterAll(async () => {
  server.close();
  await fixture[Symbol.asyncDispose]();
});

interface Asked {
  token?: string | undefined;
  cert?: string;
  key?: string;
  ca?: string;
  port?: number;
}

/** Trusts the cluster's authority, as Prometheus is told to. */
function ask(path: string, { token, ...pair }: Asked = {}): Promise<{ code: number; body: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const ca = fixture.certificates.authority.cert;
  return new Promise((resolve, reject) => {
    httpsGet({ host: '127.0.0.1', port: server.port, path, headers, ca, agent: false, ...pair }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ code: response.statusCode ?? 0, body }));
    }).on('error', reject);
  });
}

test('who is nobody is told so', async () => {
  expect(await ask('/metrics')).toEqual({ code: 401, body: 'Unauthorized' });
  expect(await ask('/metrics', { token: 'guessed' })).toEqual({ code: 401, body: 'Unauthorized' });
  const stranger = await makeCertificates(`${fixture.directory}/stranger`);
  expect((await ask('/metrics', stranger.admin)).code).toBe(401);
});

test('a service account reads what its roles let it, and no more', async () => {
  const { scraper: token } = tokens;
  expect(await ask('/metrics/cadvisor', { token })).toEqual({ code: 200, body: '/metrics/cadvisor' });
  expect(await ask('/healthz', { token })).toEqual({ code: 200, body: '/healthz' });
  expect(await ask('/stats/summary?only_cpu_and_memory=true', { token })).toEqual({
    code: 403,
    body: 'Forbidden (user=system:serviceaccount:default:scraper, verb=get, resource=nodes, subresource(s)=[stats])\n',
  });
  expect((await ask('/pods', { token })).body).toContain('subresource(s)=[pods proxy]');
  expect((await ask('/metrics', { token: tokens.nobody })).code).toBe(403);
});

test('a certificate of the cluster names its user', async () => {
  expect(await ask('/pods', fixture.certificates.admin)).toEqual({ code: 200, body: '/pods' });
});

describe('connections that somebody else took', () => {
  /** An agent whose connections a door would hand over; `hand` is what it hands them to. */
  async function behindDoor() {
    const handed = Promise.withResolvers<(socket: Socket) => void>();
    const { authority } = fixture.certificates;
    const pair = await makeNodeCertificate(`${fixture.directory}/behind`, authority, {
      node: 'n1',
      names: ['127.0.0.1'],
      now: new Date(),
    });
    let closed = false;
    const agent = await startAgentServer({
      node: 'n1',
      host: '127.0.0.1',
      tls: { ...pair, clientCa: authority.cert },
      client: fixture.api.client({ name: 'kubernetes-admin', groups: ['system:masters'] }),
      answer: async (path) => ({ code: 200, type: 'text/plain; charset=utf-8', body: path }),
      logger: pino({ level: 'silent' }),
      async listen({ port }, accept) {
        handed.resolve(accept);
        return {
          port,
          close: () => {
            closed = true;
          },
        };
      },
    });
    const taking = createServer({ pauseOnConnect: true });
    taking.listen(0, '127.0.0.1');
    await once(taking, 'listening');
    const { port } = taking.address() as AddressInfo;
    const accept = await handed.promise;
    return {
      accept,
      port,
      taking,
      isClosed: () => closed,
      close() {
        agent.close();
        taking.close();
      },
    };
  }

  test('and that broke before or while they were handed over concern nobody else', async () => {
    const { accept, port, taking, isClosed, close } = await behindDoor();
    const next = async () => {
      const client = connect({ host: '127.0.0.1', port }).on('error', () => {});
      const [socket] = (await once(taking, 'connection')) as [Socket];
      return { client, socket, gone: new Promise((resolve) => socket.once('close', resolve)) };
    };
    const reset = await next();
    accept(reset.socket);
    reset.client.resetAndDestroy();
    await reset.gone;

    const failed = await next();
    accept(failed.socket);
    failed.socket.destroy(new Error('the connection broke'));
    await failed.gone;

    const over = await next();
    over.socket.destroy();
    await over.gone;
    accept(over.socket);

    const babbler = await next();
    accept(babbler.socket);
    babbler.client.end('GET / HTTP/1.1\r\n\r\n');
    await babbler.gone;

    // The way it is meant, afterwards.
    taking.on('connection', accept);
    const { admin, authority } = fixture.certificates;
    const { code } = await ask('/pods', { ...admin, port, ca: authority.cert });
    expect(code).toBe(200);
    close();
    expect(isClosed()).toBe(true);
  });
});

test('paths are parts of the Node', () => {
  expect(attributesOf('GET', '/metricsx')).toEqual({ verb: 'get', subresources: ['proxy'] });
  expect(attributesOf('GET', '/logs/syslog')).toEqual({ verb: 'get', subresources: ['log'] });
  expect(attributesOf('POST', '/run/default/pod/main')).toEqual({ verb: 'create', subresources: ['proxy'] });
});
