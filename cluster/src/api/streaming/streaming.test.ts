import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { BerthError } from '@berth/kube/errors';
import { resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApi, type TestApi } from '../testing.ts';
import type { PodAccess, ProcessSession } from './types.ts';

const key = { namespace: 'default', name: 'p' };
let followed: Readable | undefined;
const sizes: { width: number; height: number }[] = [];

/** Echoes its input in capitals until that ends, then exits with 3. */
function echo(): ProcessSession {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  stdin.on('data', (chunk: Buffer) => {
    stdout.write(chunk.toString().toUpperCase());
    // Before v5 a client cannot end the input.
    if (chunk.toString() === 'end') stdin.end();
  });
  const status = once(stdin, 'end').then(() => {
    stdout.end();
    stderr.end('bye');
    const details = { causes: [{ reason: 'ExitCode', message: '3' }] };
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'the process ended with 3',
      reason: 'NonZeroExitCode',
      code: 500,
      details,
    } as const;
  });
  return { stdin, stdout, stderr, status, resize: (size) => void sizes.push(size), close: () => stdin.destroy() };
}

const access: PodAccess = {
  logs: async (_pod, options) => {
    if (!options.follow) return Readable.from([`tail ${options.tailLines} of ${options.container}\n`]);
    followed = new PassThrough();
    return followed;
  },
  exec: async (_pod, [command]) => {
    if (command !== 'echo') throw new BerthError('BadRequest', `no such command: ${command}`);
    return echo();
  },
  attach: async () => echo(),
  portForward: async () => new PassThrough(),
};

let server: TestApi;
beforeAll(async () => {
  server = await startTestApi({ podAccess: access });
  const client = server.api.client({ name: 'root', groups: ['system:masters'] });
  await client.create(resources.serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { ...key, name: 'default' },
  });
  const spec = {
    containers: [
      { name: 'main', image: 'example/main:1' },
      { name: 'side', image: 'example/side:1' },
    ],
  };
  await client.create(resources.pods, { apiVersion: 'v1', kind: 'Pod', metadata: key, spec });
  await client.createSubresource(resources.pods, key, 'binding', { target: { kind: 'Node', name: 'n' } });
});
afterAll(async () => await server[Symbol.asyncDispose]());

function open(path: string, protocols: string[], headers: Record<string, string> = {}): WebSocket {
  const { authority, admin } = server.certificates;
  const url = `${server.url.replace('https', 'wss')}/api/v1/namespaces/default/pods/p/${path}`;
  return new WebSocket(url, protocols, { ca: authority.cert, cert: admin.cert, key: admin.key, headers });
}

/** What came on each channel until the server closed. */
async function received(socket: WebSocket): Promise<Record<number, string>> {
  const channels: Record<number, string> = {};
  socket.on('message', (data: Buffer) => {
    const channel = data[0] ?? -1;
    channels[channel] = (channels[channel] ?? '') + data.subarray(1).toString();
  });
  await once(socket, 'close');
  return channels;
}

const query = 'container=main&stdin=true&stdout=true&stderr=true';

test('exec carries input, its end, sizes, both outputs and the exit code', async () => {
  const socket = open(`exec?command=echo&${query}`, ['v5.channel.k8s.io']);
  const channels = received(socket);
  await once(socket, 'open');
  expect(socket.protocol).toBe('v5.channel.k8s.io');
  socket.send(Buffer.from('\u0000hello'));
  socket.send(Buffer.from('\u0004{"Width":80,"Height":24}'));
  socket.send(Buffer.from([255, 0]));
  const { 1: stdout, 2: stderr, 3: status } = await channels;
  expect([stdout, stderr]).toEqual(['HELLO', 'bye']);
  expect(JSON.parse(status ?? '')).toMatchObject({
    reason: 'NonZeroExitCode',
    details: { causes: [{ message: '3' }] },
  });
  expect(sizes).toEqual([{ width: 80, height: 24 }]);
});

test.each(['channel.k8s.io', 'base64.channel.k8s.io', 'v4.base64.channel.k8s.io'])(
  'exec speaks %s',
  async (protocol) => {
    const isText = protocol.includes('base64');
    const socket = open('exec?command=echo&container=main&stdin=true&stdout=true&stderr=true', [protocol]);
    const lines: string[] = [];
    socket.on('message', (data: Buffer, isBinary) => {
      expect(isBinary).toBe(!isText);
      const payload = isText ? Buffer.from(data.subarray(1).toString(), 'base64') : data.subarray(1);
      lines.push(`${isText ? String.fromCharCode(data[0] ?? 0) : data[0]} ${payload}`);
    });
    await once(socket, 'open');
    expect(socket.protocol).toBe(protocol);
    socket.send(isText ? `0${Buffer.from('end').toString('base64')}` : Buffer.from('\u0000end'));
    await once(socket, 'close');
    const failure = 'the process ended with 3';
    expect(lines.sort()).toEqual(['1 END', '2 bye', expect.stringMatching(/^3 /)]);
    if (protocol.startsWith('v4')) expect(JSON.parse(lines[2]?.slice(2) ?? '')).toMatchObject({ message: failure });
    else expect(lines[2]).toBe(`3 ${failure}`);
  },
);

test('a process that cannot start says why on the error channel', async () => {
  const { 3: status } = await received(open(`exec?command=nothing&${query}`, ['v5.channel.k8s.io']));
  expect(JSON.parse(status ?? '')).toMatchObject({ status: 'Failure', message: 'no such command: nothing' });
});

test.each([
  ['exec?stdout=true&command=echo', ['v5.channel.k8s.io'], 400],
  ['exec?container=none&stdout=true&command=echo', ['v5.channel.k8s.io'], 400],
  ['exec?container=main&stdout=true&command=echo', ['v9.example.com'], 400],
  ['nothing', ['v5.channel.k8s.io'], 404],
  ['log?container=main', ['v5.channel.k8s.io'], 400],
  ['log?container=none', ['binary.k8s.io'], 400],
])('%s by %j is refused with %i before the upgrade', async (path, protocols, code) => {
  const socket = open(path, protocols);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(code);
  socket.on('error', () => {});
  socket.terminate();
});

test.each([
  [[], '', (message: Buffer) => message.toString()],
  [['binary.k8s.io'], 'binary.k8s.io', (message: Buffer) => message.toString()],
  [
    ['base64.binary.k8s.io'],
    'base64.binary.k8s.io',
    (message: Buffer) => Buffer.from(`${message}`, 'base64').toString(),
  ],
])('a log comes over a WebSocket by %j', async (protocols, agreed, read) => {
  const socket = open('log?container=side&tailLines=4', protocols);
  const messages: { text: string; isBinary: boolean }[] = [];
  socket.on('message', (data: Buffer, isBinary) => messages.push({ text: read(data), isBinary }));
  const [code] = await once(socket, 'close');
  expect([code, socket.protocol]).toEqual([1000, agreed]);
  const isBinary = agreed !== 'base64.binary.k8s.io';
  expect(messages).toEqual(['', 'tail 4 of side\n'].map((text) => ({ text, isBinary })));
});

test('a log that is followed over a WebSocket ends when the client goes', async () => {
  const socket = open('log?container=main&follow=true', ['binary.k8s.io']);
  await once(socket, 'message');
  await expect.poll(() => followed).toBeDefined();
  expect(followed?.destroyed).toBe(false);
  socket.terminate();
  await expect.poll(() => followed?.destroyed).toBe(true);
});

test('a log that says nothing for a while keeps its connection', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const socket = open('log?container=main&follow=true', ['binary.k8s.io']);
    await once(socket, 'message');
    const pinged = once(socket, 'ping');
    vi.advanceTimersByTime(30_000);
    await pinged;
    socket.close();
    await once(socket, 'close');
  } finally {
    vi.useRealTimers();
  }
});

test('a log that is followed over a WebSocket ends when the client sends what cannot be read', async () => {
  followed = undefined;
  const socket = open('log?container=main&follow=true', ['binary.k8s.io']);
  await once(socket, 'message');
  await expect.poll(() => followed).toBeDefined();
  socket.on('error', () => {});
  socket.send(Buffer.alloc(5 * 1024 * 1024));
  await once(socket, 'close');
  await expect.poll(() => followed?.destroyed).toBe(true);
});

test('who may only get pods/exec may not open it', async () => {
  const client = server.api.client({ name: 'root', groups: ['system:masters'] });
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const metadata = { name: 'looker', namespace: 'default' };
  const rules = [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get'] }];
  await client.create(resources.roles, { apiVersion, kind: 'Role', metadata, rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'looker' };
  const subjects = [{ kind: 'User', name: 'looker', apiGroup: 'rbac.authorization.k8s.io' }];
  await client.create(resources.roleBindings, { apiVersion, kind: 'RoleBinding', metadata, roleRef, subjects });
  const socket = open(`exec?command=echo&${query}`, ['v5.channel.k8s.io'], { 'impersonate-user': 'looker' });
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(403);
  socket.on('error', () => {});
  socket.terminate();
});
