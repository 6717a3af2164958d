import { readPolicy } from '@berth/kube/audit';
import { type ConfigMap, resources } from '@berth/kube/objects';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identities } from '../bootstrap/identities.ts';
import { startTestApi } from '../testing.ts';
import { usualPolicy } from './policy-file.ts';
import { type AuditEvent, MemorySink } from './testing.ts';

const everything = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'RequestResponse' }] };
const microseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

interface Asking {
  method?: string;
  body?: object | string;
  headers?: Record<string, string>;
  anonymous?: boolean;
}

/** A server whose audit events are at hand. */
async function audited(policy = readPolicy(everything).policy) {
  const sink = new MemorySink();
  const server = await startTestApi({ audit: { policy, sink } });
  const { authority, admin } = server.certificates;
  const known = new Agent({ connect: { ca: authority.cert, ...admin }, allowH2: false });
  const unknown = new Agent({ connect: { ca: authority.cert } });
  async function send(path: string, { method = 'GET', body, headers = {}, anonymous = false }: Asking = {}) {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const response = await fetch(server.url + path, {
      method,
      dispatcher: anonymous ? unknown : known,
      headers: { 'user-agent': 'kubectl/v1.35', ...(body === undefined ? {} : { 'content-type': type }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const id = response.headers.get('audit-id') ?? '';
    const text = await response.text();
    return { status: response.status, id, text };
  }
  /** The events of one request, once it is over. */
  async function eventsOf(id: string, stage = 'ResponseComplete'): Promise<AuditEvent[]> {
    const all = () => sink.events.filter(({ auditID }) => auditID === id);
    await expect.poll(() => all().some((event) => event.stage === stage)).toBe(true);
    return all();
  }
  async function close() {
    await Promise.all([known.close(), unknown.close()]);
    await server[Symbol.asyncDispose]();
  }
  return { server, sink, send, eventsOf, close };
}

const configMap: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } };
const maps = '/api/v1/namespaces/default/configmaps';

describe('when everything is recorded', () => {
  let api: Awaited<ReturnType<typeof audited>>;
  beforeAll(async () => {
    api = await audited();
  });
  afterAll(() => api.close());

  test('a creation: who, what, with which body and answer, in two stages', async () => {
    const { id, text } = await api.send(maps, { method: 'POST', body: configMap });
    const [received, complete, ...more] = await api.eventsOf(id);
    expect(more).toEqual([]);
    expect(received).toMatchObject({ stage: 'RequestReceived', verb: 'create', requestURI: maps });
    expect(received).not.toHaveProperty('requestObject');
    expect(received).not.toHaveProperty('responseStatus');
    expect(received?.stageTimestamp).toBe(received?.requestReceivedTimestamp);
    expect(complete).toEqual({
      ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'RequestResponse', auditID: id },
      ...{ stage: 'ResponseComplete', requestURI: maps, verb: 'create' },
      user: {
        username: 'kubernetes-admin',
        groups: ['system:masters', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=/)] },
      },
      sourceIPs: ['127.0.0.1'],
      userAgent: 'kubectl/v1.35',
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
      requestObject: configMap,
      responseObject: JSON.parse(text),
      requestReceivedTimestamp: received?.requestReceivedTimestamp,
      stageTimestamp: expect.stringMatching(microseconds),
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    });
  });

  test('an update names the object that it knew; a deletion tells what it came to', async () => {
    const now = JSON.parse((await api.send(`${maps}/a`)).text) as typeof configMap & { metadata: object };
    const put = await api.send(`${maps}/a`, { method: 'PUT', body: { ...now, data: { k: 'w' } } });
    const { uid, resourceVersion } = now.metadata as unknown as Record<string, string>;
    expect((await api.eventsOf(put.id)).at(-1)?.objectRef).toMatchObject({ name: 'a', uid, resourceVersion });
    const patch = await api.send(`${maps}/a`, { method: 'PATCH', body: '{\n"data": {"k": "x"}}' });
    const patched = (await api.eventsOf(patch.id)).at(-1);
    expect(patched).toMatchObject({ verb: 'patch', requestObject: { data: { k: 'x' } } });
    expect(patched?.objectRef).not.toHaveProperty('uid');
    const gone = await api.send(`${maps}/a`, { method: 'DELETE' });
    expect((await api.eventsOf(gone.id)).at(-1)).toMatchObject({
      verb: 'delete',
      responseStatus: { metadata: {}, status: 'Success', details: { name: 'a', kind: 'configmaps', uid }, code: 200 },
    });
  });

  test('what is refused: not found, not valid, not allowed, not known', async () => {
    const absent = await api.send(`${maps}/absent`);
    expect((await api.eventsOf(absent.id)).at(-1)?.responseStatus).toEqual({
      ...{ metadata: {}, status: 'Failure', message: 'configmaps "absent" not found', reason: 'NotFound' },
      ...{ details: { name: 'absent', kind: 'configmaps' }, code: 404 },
    });
    const wrong = await api.send(maps, { method: 'POST', body: { ...configMap, metadata: { name: 'A!' } } });
    expect((await api.eventsOf(wrong.id)).at(-1)?.responseStatus).toMatchObject({ code: 422, reason: 'Invalid' });
    const eve = { 'impersonate-user': 'eve', 'impersonate-group': 'dev' };
    const forbidden = await api.send('/api/v1/nodes', { headers: eve });
    expect((await api.eventsOf(forbidden.id)).at(-1)).toMatchObject({
      verb: 'list',
      user: { username: 'kubernetes-admin' },
      impersonatedUser: { username: 'eve', groups: ['dev', 'system:authenticated'] },
      responseStatus: { code: 403, reason: 'Forbidden', message: expect.stringContaining('User "eve" cannot list') },
      annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
    });
    const token = await api.send(maps, { anonymous: true, headers: { authorization: 'Bearer secret-token' } });
    const unknown = await api.eventsOf(token.id, 'ResponseStarted');
    expect(unknown).toHaveLength(1);
    expect(unknown[0]).toMatchObject({
      ...{ verb: 'list', user: {}, objectRef: { resource: 'configmaps', namespace: 'default' } },
      responseStatus: { metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 },
    });
    expect(JSON.stringify(api.sink.events)).not.toContain('secret-token');
    const nobody = await api.send('/metrics', { anonymous: true });
    expect((await api.eventsOf(nobody.id, 'ResponseStarted'))[0]).toMatchObject({
      verb: 'get',
      requestURI: '/metrics',
    });
  });

  test('what there is not, and methods that mean nothing', async () => {
    const page = await api.send('/apis/nobody.example.com/v1/things');
    expect((await api.eventsOf(page.id)).at(-1)).toMatchObject({
      ...{ responseStatus: { code: 404 }, objectRef: { apiGroup: 'nobody.example.com', resource: 'things' } },
    });
    const post = await api.send(`${maps}/a`, { method: 'POST', body: configMap });
    expect((await api.eventsOf(post.id)).at(-1)).toMatchObject({ verb: 'create', responseStatus: { code: 405 } });
    const path = await api.send('/nowhere');
    expect((await api.eventsOf(path.id)).at(-1)).toMatchObject({ verb: 'get', responseStatus: { code: 404 } });
  });

  test('a watch has begun, and later is over', async () => {
    const { id } = await api.send(`${maps}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Db`);
    const events = await api.eventsOf(id);
    expect(events.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
    expect(events[1]).toMatchObject({ verb: 'watch', objectRef: { name: 'b' }, responseStatus: { code: 200 } });
    expect(events[2]?.stageTimestamp.localeCompare(events[1]?.stageTimestamp ?? '')).toBe(1);
  });

  test('the name that a client gives its request stays, and proxies say whom they speak for', async () => {
    const headers = { 'audit-id': 'mine', 'x-forwarded-for': '10.1.2.3, nonsense, 10.1.2.4', 'x-real-ip': '::1' };
    const { id } = await api.send('/version', { headers });
    expect(id).toBe('mine');
    const event = (await api.eventsOf('mine')).at(-1);
    expect(event?.sourceIPs).toEqual(['10.1.2.3', '10.1.2.4', '::1', '127.0.0.1']);
    expect(event?.user).toEqual({ username: 'system:anonymous', groups: ['system:unauthenticated'] });
    expect(event).not.toHaveProperty('objectRef');
  });

  test('what is too long is left out', async () => {
    const body = { ...configMap, metadata: { name: 'large' }, data: { k: 'x'.repeat(120 * 1024) } };
    const { id } = await api.send(maps, { method: 'POST', body });
    const event = (await api.eventsOf(id)).at(-1);
    expect(event).not.toHaveProperty('requestObject');
    expect(event).not.toHaveProperty('responseObject');
    expect(event?.annotations['audit.k8s.io/truncated']).toBe('true');
    const agent = await api.send('/version', { headers: { 'user-agent': 'x'.repeat(2000), 'audit-id': 'agent' } });
    expect((await api.eventsOf(agent.id)).at(-1)?.userAgent).toBe(`${'x'.repeat(1024)}...TRUNCATED`);
  });

  test('what is done within the process', async () => {
    const client = api.server.api.client({ name: 'controller', groups: ['system:masters'] });
    const at = { namespace: 'default', name: 'inside' };
    const created = await client.create(resources.configMaps, { ...configMap, metadata: at });
    await expect(client.get(resources.configMaps, { namespace: 'default', name: 'absent' })).rejects.toThrow();
    const mine = api.sink.events.filter(({ user }) => user.username === 'controller');
    expect(mine.map(({ verb, stage }) => `${verb} ${stage}`)).toEqual([
      ...['create RequestReceived', 'create ResponseComplete', 'get RequestReceived', 'get ResponseComplete'],
    ]);
    expect(mine[1]).toMatchObject({
      requestURI: maps,
      sourceIPs: ['127.0.0.1'],
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'inside', apiVersion: 'v1' },
      requestObject: { data: { k: 'v' } },
      responseStatus: { metadata: {}, code: 201 },
      responseObject: { metadata: { uid: created.metadata.uid } },
    });
    expect(mine[3]).toMatchObject({ requestURI: `${maps}/absent`, responseStatus: { code: 404 } });
  });
});

describe('by the usual policy', () => {
  let api: Awaited<ReturnType<typeof audited>>;
  beforeAll(async () => {
    api = await audited(usualPolicy());
  });
  afterAll(() => api.close());
  const levelOf = async (path: string, asking?: Asking) =>
    (await api.eventsOf((await api.send(path, asking)).id)).at(-1);

  test('secrets and tokens never stand in the log', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { password: 'hunter2' } };
    const secrets = '/api/v1/namespaces/default/secrets';
    const created = await levelOf(secrets, { method: 'POST', body: secret });
    expect(created).toMatchObject({ level: 'Metadata', objectRef: { resource: 'secrets', name: 's' } });
    await levelOf(`${secrets}/s`, { method: 'PATCH', body: { stringData: { password: 'hunter2' } } });
    await levelOf(secrets);
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await api.send(accounts, {
      method: 'POST',
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'r' } },
    });
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const { text } = await api.send(`${accounts}/r/token`, { method: 'POST', body: request });
    const { token } = (JSON.parse(text) as { status: { token: string } }).status;
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    await levelOf('/apis/authentication.k8s.io/v1/tokenreviews', { method: 'POST', body: review });
    const log = JSON.stringify(api.sink.events);
    expect(log).not.toContain('hunter2');
    expect(log).not.toContain(Buffer.from('hunter2').toString('base64'));
    expect(log).not.toContain(token);
  });

  test('changes with what was sent, rights with what they came to, looks without', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'a', image: 'b' }] },
    };
    const created = await levelOf('/api/v1/namespaces/default/pods', { method: 'POST', body: pod });
    expect(created).toMatchObject({ level: 'Request', requestObject: pod });
    expect(created).not.toHaveProperty('responseObject');
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'r' },
      rules: [],
    };
    const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
    const given = await levelOf(roles, { method: 'POST', body: role });
    expect(given).toMatchObject({ level: 'RequestResponse', responseObject: { metadata: { name: 'r' } } });
    expect(await levelOf(`${roles}/r`)).toMatchObject({ level: 'Metadata', verb: 'get' });
    const exec = await levelOf('/api/v1/namespaces/default/pods/p/exec?command=id', { method: 'GET' });
    expect(exec).toMatchObject({ level: 'Request', objectRef: { subresource: 'exec' } });
  });

  test('how much it was is told to Prometheus', async () => {
    const { text } = await api.send('/metrics');
    expect(text).toMatch(/^apiserver_audit_event_total [1-9]\d*$/m);
    expect(text).toMatch(/^apiserver_audit_level_total\{level="None"\} [1-9]\d*$/m);
    expect(text).toMatch(/^apiserver_audit_error_total\{plugin="log"\} 0$/m);
  });

  test('nothing of what goes on by itself', async () => {
    const before = api.sink.events.length;
    await api.send('/readyz');
    await api.send('/version');
    for (const { name } of [{ name: 'system:berth' }, ...Object.values(identities)]) {
      const own = api.server.api.client({ name, groups: ['system:masters'] });
      await own.list(resources.pods);
      const metadata = { name: name.replaceAll(':', '-'), namespace: 'default' };
      await own.create(resources.leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata });
    }
    expect(api.sink.events.slice(before)).toEqual([]);
    expect(api.sink.events.some(({ stage }) => stage === 'RequestReceived')).toBe(false);
  });
});
