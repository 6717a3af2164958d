import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { readPolicy } from '@berth/kube/audit';
import { resources } from '@berth/kube/objects';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { PodAccess, ProcessSession } from '../streaming/types.ts';
import { startTestApi, type TestApi } from '../testing.ts';
import { type AuditEvent, MemorySink } from './testing.ts';

const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Request' }] };
const key = { namespace: 'default', name: 'p' };
const pod = '/api/v1/namespaces/default/pods/p';

/** Ends when its input does. */
function session(): ProcessSession {
  const stdin = new PassThrough();
  const status = once(stdin.resume(), 'end').then(
    () => ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }) as never,
  );
  const output = () => Readable.from([]) as unknown as PassThrough;
  return { stdin, stdout: output(), stderr: output(), status, resize() {}, close: () => stdin.destroy() };
}

const access: PodAccess = {
  logs: async (_pod, { container }) => {
    if (container === 'broken') throw new TypeError('a fault of our own');
    return Readable.from(['said\n']);
  },
  exec: async () => session(),
  attach: async () => session(),
  portForward: async () => new PassThrough(),
};

let sink: MemorySink;
let server: TestApi;
let dispatcher: Agent;

beforeAll(async () => {
  sink = new MemorySink();
  server = await startTestApi({ podAccess: access, audit: { policy: readPolicy(policy).policy, sink } });
  const { authority, admin } = server.certificates;
  dispatcher = new Agent({ connect: { ca: authority.cert, ...admin } });
  const client = server.api.client({ name: 'root', groups: ['system:masters'] });
  const metadata = { ...key, name: 'default' };
  await client.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  const containers = ['main', 'broken'].map((name) => ({ name, image: 'example/main:1' }));
  await client.create(resources.pods, { apiVersion: 'v1', kind: 'Pod', metadata: key, spec: { containers } });
  await client.createSubresource(resources.pods, key, 'binding', { target: { kind: 'Node', name: 'n' } });
});
afterAll(async () => {
  await dispatcher.close();
  await server[Symbol.asyncDispose]();
});

function open(path: string, protocol: string, headers: Record<string, string> = {}): WebSocket {
  const { authority, admin } = server.certificates;
  const url = `${server.url.replace('https', 'wss')}${path}`;
  return new WebSocket(url, [protocol], { ca: authority.cert, cert: admin.cert, key: admin.key, headers });
}

async function eventsOf(id: string, last = 'ResponseComplete'): Promise<AuditEvent[]> {
  const all = () => sink.events.filter(({ auditID }) => auditID === id);
  await expect.poll(() => all().at(-1)?.stage).toBe(last);
  return all();
}
const stagesOf = (events: AuditEvent[]) =>
  events.map(({ stage, responseStatus }) => `${stage} ${responseStatus?.code}`);

test('exec: the command, its beginning and its end', async () => {
  const path = `${pod}/exec?command=sh&command=-c&command=id&container=main&stdin=true&stdout=true`;
  const socket = open(path, 'v5.channel.k8s.io', { 'audit-id': 'exec' });
  await once(socket, 'open');
  const begun = await eventsOf('exec', 'ResponseStarted');
  expect(stagesOf(begun)).toEqual(['RequestReceived undefined', 'ResponseStarted 101']);
  socket.send(Buffer.from([255, 0]));
  await once(socket, 'close');
  const events = await eventsOf('exec');
  expect(events.at(-1)).toMatchObject({
    ...{ verb: 'get', requestURI: path, stage: 'ResponseComplete', responseStatus: { code: 101 } },
    objectRef: { resource: 'pods', namespace: 'default', name: 'p', subresource: 'exec', apiVersion: 'v1' },
    annotations: { 'authorization.k8s.io/decision': 'allow' },
  });
});

test('exec that is refused, before and after it is known who asks', async () => {
  const refused = async (headers: Record<string, string>) => {
    const socket = open(`${pod}/exec?command=id&container=main&stdout=true`, 'v5.channel.k8s.io', headers);
    await once(socket, 'error');
  };
  await refused({ 'audit-id': 'stranger', 'impersonate-user': 'eve' });
  const stranger = await eventsOf('stranger');
  expect(stagesOf(stranger)).toEqual(['RequestReceived undefined', 'ResponseComplete 403']);
  expect(stranger.at(-1)?.annotations['authorization.k8s.io/decision']).toBe('forbid');
  await refused({ 'audit-id': 'nobody', authorization: 'Bearer none' });
  expect(stagesOf(await eventsOf('nobody', 'ResponseStarted'))).toEqual(['ResponseStarted 401']);
});

test('a watch and a log over WebSocket', async () => {
  const watch = open('/api/v1/namespaces/default/pods?watch=true', 'binary.k8s.io', { 'audit-id': 'watch' });
  await once(watch, 'open');
  expect(stagesOf(await eventsOf('watch', 'ResponseStarted'))).toContain('ResponseStarted 101');
  watch.close();
  expect((await eventsOf('watch')).at(-1)).toMatchObject({ verb: 'watch' });
  const log = open(`${pod}/log?container=main`, 'binary.k8s.io', { 'audit-id': 'log-socket' });
  await once(log, 'close');
  expect(stagesOf(await eventsOf('log-socket')).slice(1)).toEqual(['ResponseStarted 101', 'ResponseComplete 101']);
});

const ask = (path: string, id: string) => fetch(server.url + path, { dispatcher, headers: { 'audit-id': id } });

test('a log', async () => {
  const response = await ask(`${pod}/log?container=main`, 'log');
  expect([response.status, await response.text(), response.headers.get('audit-id')]).toEqual([200, 'said\n', 'log']);
  expect(stagesOf(await eventsOf('log')).slice(1)).toEqual(['ResponseStarted 200', 'ResponseComplete 200']);
});

test('a fault of the server’s own', async () => {
  const response = await ask(`${pod}/log?container=broken`, 'fault');
  expect(response.status).toBe(500);
  const events = await eventsOf('fault', 'Panic');
  expect(events.map(({ stage }) => stage)).toEqual(['RequestReceived', 'Panic']);
  expect(events.at(-1)?.responseStatus).toMatchObject({
    ...{ status: 'Failure', reason: 'InternalError', code: 500, message: "APIServer panic'd: a fault of our own" },
  });
});
