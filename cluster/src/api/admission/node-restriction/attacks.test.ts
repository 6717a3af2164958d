import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import https from 'node:https';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueCertificate } from '../../certificates/issue.ts';
import { type Answer, type Probe, probe } from '../../http/probe.ts';
import { csr, leases, mirror, podOn, reads, shop, tokenFor, uids, writes } from './attack-list.ts';

/** What somebody may try who has the certificate of node n1, where the pod `mine` runs; `theirs` is on n2. */
let it: Probe;
const agents = new Map<string, https.Agent>();

async function agentOf(commonName: string, organizations: readonly string[]): Promise<https.Agent> {
  const { authority } = it.server.certificates;
  const [notBefore, notAfter] = [new Date(Date.now() - 60_000), new Date(Date.now() + 3_600_000)];
  const issue = { commonName, organizations, usage: 'client', notBefore, notAfter } as const;
  const { cert, key } = await issueCertificate(authority, issue);
  return new https.Agent({ ca: authority.cert, cert, key, keepAlive: true });
}

const contentTypes: Record<string, string> = { PATCH: 'application/merge-patch+json' };

async function ask(as: string, method: string, path: string, body?: object, headers = {}): Promise<Answer> {
  const agent = agents.get(as);
  const type = contentTypes[method] ?? 'application/json';
  const ca = it.server.certificates.authority.cert;
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return await it.send(path, {
    method,
    headers: { 'content-type': type, ...headers },
    ca,
    ...sent,
    ...(agent ? { agent } : {}),
  });
}

const root = (method: string, path: string, body?: object) => ask('root', method, path, body);

async function made(path: string, body: object): Promise<Answer['json']> {
  const { status, json, body: text } = await root('POST', path, body);
  expect(status, text).toBe(201);
  return json;
}

beforeAll(async () => {
  it = await probe();
  agents.set('n1', await agentOf('system:node:n1', ['system:nodes']));
  agents.set('groupless', await agentOf('system:node:n1', []));
  agents.set('nameless', await agentOf('system:node:', ['system:nodes']));
  agents.set('somebody', await agentOf('ada', ['system:nodes']));
  await made('/api/v1/namespaces', { metadata: { name: 'shop' } });
  for (const name of ['n1', 'n2']) {
    const taints = [{ key: 'keep-out', effect: 'NoSchedule' }];
    uids[name] = (await made('/api/v1/nodes', { metadata: { name }, spec: { taints } })).metadata.uid;
    await made(leases, { metadata: { name } });
  }
  for (const [name, node] of [
    ['mine', 'n1'],
    ['theirs', 'n2'],
  ] as const) {
    await made(`${shop}/serviceaccounts`, { metadata: { name } });
    await made(`${shop}/secrets`, { metadata: { name } });
    await made(`${shop}/configmaps`, { metadata: { name } });
    uids[name] = (await made(`${shop}/pods`, podOn(node, name, name))).metadata.uid;
  }
  await made(`${shop}/secrets`, { metadata: { name: 'unused' } });
});
afterAll(async () => {
  for (const agent of agents.values()) agent.destroy();
  await it[Symbol.asyncDispose]();
});

test.each(reads)('a node does not read %s', async (_what, path, why = '') => {
  const { status, body } = await ask('n1', 'GET', path);
  expect(status, body).toBe(403);
  expect(body).toContain(why);
});

test.each(writes)('a node does not write %s', async (_what, method, path, body, why = '') => {
  const before = await state();
  const answer = await ask('n1', method, path, typeof body === 'function' ? body() : body);
  expect(answer.status, answer.body).toBe(403);
  expect(answer.json.message).toContain(why);
  expect(await state()).toEqual(before);
});

/** The versions of all that an attack may change. */
async function state(): Promise<string[]> {
  const paths = [
    '/api/v1/pods',
    '/api/v1/nodes',
    '/api/v1/secrets',
    leases,
    '/apis/certificates.k8s.io/v1/certificatesigningrequests',
  ];
  const lists = await Promise.all(paths.map(async (path) => (await root('GET', path)).json.items));
  return lists.flat().map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`);
}

test('who only looks like a node is none', async () => {
  const own = `${shop}/secrets/mine`;
  for (const as of ['groupless', 'nameless', 'somebody'])
    expect([as, (await ask(as, 'GET', own)).status]).toEqual([as, 403]);
  const masters = { 'impersonate-user': 'root', 'impersonate-group': 'system:masters' };
  expect((await ask('n1', 'GET', '/api/v1/secrets', undefined, masters)).status).toBe(403);
  expect((await ask('n1', 'GET', '/api/v1/secrets', undefined, { 'impersonate-user': 'system:node:n2' })).status).toBe(
    403,
  );
});

test('a certificate in the name of another node is not asked for', async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  const text = async (name: string) => {
    const asked = { name: `CN=${name},O=system:nodes`, keys, signingAlgorithm: algorithm };
    const request = await Pkcs10CertificateRequestGenerator.create(asked);
    return Buffer.from(request.toString('pem')).toString('base64');
  };
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const other = await ask('n1', 'POST', path, csr(await text('system:node:n2')));
  expect(other.json).toMatchObject({ code: 403, message: expect.stringContaining('CN=system:node:n1') });
  expect((await ask('n1', 'POST', path, csr(await text('system:node:n1')))).status).toBe(201);
});

test('a node does what it is there for', async () => {
  for (const [method, path, body] of [
    ['GET', `${shop}/secrets/mine`],
    ['GET', `${shop}/secrets?fieldSelector=metadata.name%3Dmine`],
    ['GET', `${shop}/configmaps?fieldSelector=metadata.name%3Dkube-root-ca.crt`],
    ['GET', `${shop}/pods/mine`],
    ['GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1'],
    ['GET', '/api/v1/nodes?fieldSelector=metadata.name%3Dn1'],
    ['GET', '/api/v1/services'],
    ['PATCH', '/api/v1/nodes/n1', { metadata: { labels: { 'kubernetes.io/arch': 'amd64', disk: 'fast' } } }],
    ['PATCH', '/api/v1/nodes/n1/status', { status: { conditions: [{ type: 'Ready', status: 'True' }] } }],
    ['PATCH', `${shop}/pods/mine/status`, { status: { phase: 'Running' } }],
    ['PATCH', `${leases}/n1`, { spec: { holderIdentity: 'n1' } }],
    ['POST', `${shop}/serviceaccounts/mine/token`, tokenFor('mine')],
    ['POST', `${shop}/pods`, mirror()],
    ['POST', `${shop}/pods/mine/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'mine' } }],
    ['DELETE', `${shop}/pods/file-n1`],
  ] as const) {
    const { status, body: text } = await ask('n1', method, path, body);
    expect([method, path, status < 300 || text]).toEqual([method, path, true]);
  }
});
