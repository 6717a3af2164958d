import { type EventEmitter, once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check, type ProbeTarget } from './check.ts';

const names = (bytes: Buffer) => bytes.subarray(2).toString();

/** The health service that any gRPC program has, by its two messages' bytes. */
async function healthServer(): Promise<{ port: number; stop(): void }> {
  const server = new GrpcServer();
  const plain = (bytes: Buffer) => bytes;
  const method = { path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false };
  const codec = {
    requestSerialize: plain,
    requestDeserialize: plain,
    responseSerialize: plain,
    responseDeserialize: plain,
  };
  server.addService(
    { Check: { ...method, ...codec } },
    {
      Check: ({ request }: { request: Buffer }, answer: (error: object | null, bytes?: Buffer) => void) => {
        const service = names(request);
        if (service === '' || service === 'good') answer(null, Buffer.from([0x08, 1]));
        else if (service === 'bad') answer(null, Buffer.from([0x08, 2]));
        else if (service === 'dull') answer(null, Buffer.alloc(0));
        else if (service !== 'slow') answer({ code: status.NOT_FOUND, details: 'unknown service: 服務' });
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { port, stop: () => server.forceShutdown() };
}

const listening = async (server: Pick<Server, 'listen' | 'address' | 'once'> & EventEmitter): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const target: ProbeTarget = {
  container: { name: 'c' },
  containerId: 'id',
  ip: '127.0.0.1',
  runtime: { execSync: () => Promise.reject(new Error('not asked')) },
};

describe('gRPC', () => {
  let health: Awaited<ReturnType<typeof healthServer>>;
  beforeAll(async () => {
    health = await healthServer();
  });
  afterAll(() => health.stop());
  const ask = (service: string | undefined, seconds = 5) =>
    check({ grpc: { port: health.port, ...(service === undefined ? {} : { service }) } }, target, seconds);

  test('SERVING is success, of the whole and of one service; all else is not', async () => {
    expect(await ask(undefined)).toMatchObject({ outcome: 'success' });
    expect(await ask('good')).toMatchObject({ outcome: 'success' });
    expect(await ask('bad')).toEqual({
      outcome: 'failure',
      message: 'service unhealthy (responded with "NOT_SERVING")',
    });
    expect((await ask('dull')).message).toBe('service unhealthy (responded with "UNKNOWN")');
    expect((await ask('none')).message).toBe('service unhealthy (responded with "NOT_FOUND: unknown service: 服務")');
  });

  test('one that does not answer, is not there, or speaks something else', async () => {
    expect((await ask('slow', 0.2)).message).toBe(
      `timeout: failed to connect service "127.0.0.1:${health.port}" within the probe's time`,
    );
    expect((await check({ grpc: { port: 1 } }, target, 5)).message).toMatch(/UNAVAILABLE: .*ECONNREFUSED/);
    const http = createHttpServer((_, response) => response.end('hello'));
    const port = await listening(http);
    expect(await check({ grpc: { port } }, target, 5)).toMatchObject({ outcome: 'failure' });
    http.close();
  });
});

test('a connection that comes too late is closed, and serves no other check', async () => {
  const gone: Promise<unknown>[] = [];
  const peer = createServer((socket) => {
    gone.push(new Promise((resolve) => socket.on('error', () => {}).once('close', resolve)));
    socket.resume();
  });
  const port = await listening(peer);
  const opened = Promise.withResolvers<void>();
  const dial: ProbeTarget['dial'] = async () => {
    await opened.promise;
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    return socket;
  };
  const late = { ...target, dial };
  for (const handler of [{ httpGet: { port } }, { tcpSocket: { port } }, { grpc: { port } }]) {
    expect(await check(handler, late, 0.05)).toMatchObject({ outcome: 'failure' });
  }
  opened.resolve();
  await expect.poll(() => gone.length).toBe(3);
  await Promise.all(gone);
  peer.close();
});

describe('a gRPC service that breaks the rules fails the check and nothing else', () => {
  const broken: Record<string, (stream: ServerHttp2Stream) => void> = {
    'a message that is badly escaped': (stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '14', 'grpc-message': '%E0%A4%A half' }, { endStream: true });
    },
    'a status that is no number': (stream) => {
      stream.respond({ ':status': 200, 'grpc-status': 'good' }, { endStream: true });
    },
    'no status': (stream) => {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, 1]));
    },
    'half a message': (stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08]));
    },
    'bytes without end': (stream) => {
      stream.respond({ ':status': 200 });
      const chunk = Buffer.alloc(16_384);
      const more = () => {
        while (!stream.destroyed && stream.write(chunk));
      };
      stream.on('drain', more);
      more();
    },
    'a reset': (stream) => stream.close(2),
    'the end of the connection': (stream) => stream.session?.destroy(),
  };
  test.each(Object.entries(broken))('%s', async (_, answer) => {
    const server = createHttp2Server().on('stream', (stream) => answer(stream.on('error', () => {})));
    server.on('sessionError', () => {});
    const port = await listening(server);
    const result = await check({ grpc: { port } }, target, 5);
    expect(result).toMatchObject({ outcome: 'failure', message: expect.stringMatching(/^service unhealthy/) });
    server.close();
  });

  test('a long name of a service is whole', async () => {
    const server = createHttp2Server();
    const asked = new Promise<Buffer>((resolve) => {
      server.on('stream', async (stream) => {
        resolve(Buffer.concat(await stream.toArray()));
        stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true });
      });
    });
    const port = await listening(server);
    await check({ grpc: { port, service: 'x'.repeat(300) } }, target, 5);
    // A frame's head of five bytes, the field's tag, and 300 in the variable length of Protocol Buffers.
    expect((await asked).subarray(0, 8)).toEqual(Buffer.from([0, 0, 0, 1, 0x2f, 0x0a, 0xac, 0x02]));
    server.close();
  });

  test('a connection that is over before it is used', async () => {
    const server = createServer((socket) => socket.destroy());
    const port = await listening(server);
    const dial: ProbeTarget['dial'] = async () => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.resume();
      await once(socket, 'close');
      return socket;
    };
    const over = { ...target, dial };
    const closed = { outcome: 'failure', message: expect.stringMatching(/the connection was closed/) };
    expect(await check({ grpc: { port } }, over, 5)).toMatchObject(closed);
    expect(await check({ httpGet: { port } }, over, 5)).toMatchObject(closed);
    expect(await check({ httpGet: { port, scheme: 'HTTPS' } }, over, 5)).toMatchObject(closed);
    expect(await check({ tcpSocket: { port } }, over, 5)).toMatchObject(closed);
    server.close();
  });

  test('a port that there cannot be', async () => {
    const bad = { outcome: expect.stringMatching(/failure|error/), message: expect.stringMatching(/70000/) };
    expect(await check({ grpc: { port: 70_000 } }, target, 5)).toMatchObject(bad);
    expect(await check({ httpGet: { port: 70_000 } }, target, 5)).toMatchObject(bad);
    expect(await check({ tcpSocket: { port: 70_000 } }, target, 5)).toMatchObject(bad);
  });
});

test('the node’s own way is taken, whatever the kind of check', async () => {
  const health = await healthServer();
  const web = createHttpServer((request, response) => response.end(request.headers.host));
  const plain = createServer((socket) => socket.end());
  const ports: Record<number, number> = { 81: await listening(web), 82: await listening(plain), 83: health.port };
  const dial: ProbeTarget['dial'] = async ({ port }) => {
    const socket = connect({ host: '127.0.0.1', port: ports[port] ?? 1 });
    await once(socket, 'connect');
    return socket;
  };
  const there = { ...target, ip: '192.0.2.1', dial };
  expect(await check({ httpGet: { port: 81 } }, there, 5)).toMatchObject({ outcome: 'success' });
  expect(await check({ tcpSocket: { port: 82 } }, there, 5)).toMatchObject({ outcome: 'success' });
  expect(await check({ grpc: { port: 83 } }, there, 5)).toMatchObject({ outcome: 'success' });
  for (const handler of [{ httpGet: { port: 84 } }, { tcpSocket: { port: 84 } }, { grpc: { port: 84 } }]) {
    expect(await check(handler, there, 5)).toMatchObject({
      outcome: 'failure',
      message: expect.stringMatching(/refused|ECONNREFUSED/),
    });
  }
  const never = { ...there, dial: () => new Promise<never>(() => {}) };
  for (const handler of [{ httpGet: { port: 81 } }, { tcpSocket: { port: 82 } }, { grpc: { port: 83 } }]) {
    expect(await check(handler, never, 0.1)).toMatchObject({ outcome: 'failure' });
  }
  health.stop();
  web.close();
  plain.close();
});
