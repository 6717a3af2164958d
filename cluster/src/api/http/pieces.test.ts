import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Probe, probe } from './probe.ts';

let it: Probe;
const path = '/api/v1/namespaces/default/configmaps';
const fillers = Array.from({ length: 60 }, (_, at) => 'é'.repeat(at === 30 ? 400_000 : 10_000 + at * 997));

beforeAll(async () => {
  it = await probe();
  for (const [at, filler] of fillers.entries()) {
    const body = JSON.stringify({
      metadata: { name: `large-${String(at).padStart(2, '0')}`, labels: { large: '' } },
      data: { filler },
    });
    expect((await it.post(path, body)).status).toBe(201);
  }
});
afterAll(async () => await it[Symbol.asyncDispose]());

/** The bytes that come over HTTP/2, and what was said about them. */
async function over2(headers: Record<string, string>): Promise<{ body: Buffer; encoding: unknown; length: unknown }> {
  const stream = it.session().request({ ':path': `${path}?labelSelector=large`, ...headers });
  const [said] = (await once(stream, 'response')) as [Record<string, string>];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { body: Buffer.concat(chunks), encoding: said['content-encoding'], length: said['content-length'] };
}

test('a long list comes whole, over either version of HTTP, compressed or not', async () => {
  const plain = await it.send(`${path}?labelSelector=large`);
  expect(plain.json.items.map((item: { data: { filler: string } }) => item.data.filler)).toEqual(fillers);
  expect(Number(plain.headers['content-length'])).toBe(Buffer.byteLength(plain.body));
  const second = await over2({});
  expect([second.body.toString() === plain.body, second.encoding, Number(second.length)]).toEqual([
    true,
    undefined,
    second.body.length,
  ]);
  const packed = await over2({ 'accept-encoding': 'gzip' });
  expect(packed.encoding).toBe('gzip');
  expect(packed.body.length).toBeLessThan(100_000);
  expect(gunzipSync(packed.body).toString() === plain.body).toBe(true);
  const head = await it.send(`${path}?labelSelector=large`, { method: 'HEAD' });
  expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', plain.headers['content-length']]);
});

test('a client that leaves in the middle of a long list harms nobody', async () => {
  for (const encoding of ['gzip', 'identity']) {
    const socket = await it.socket();
    socket.write(`GET ${path}?labelSelector=large HTTP/1.1\r\nHost: x\r\nAccept-Encoding: ${encoding}\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
    const stream = it.session().request({ ':path': path, 'accept-encoding': encoding });
    stream.on('error', () => {});
    await once(stream, 'data');
    stream.destroy();
    expect((await it.send('/readyz')).status).toBe(200);
  }
});

test('clients that do not read a long list make the server hold little of it', async () => {
  const before = process.memoryUsage().arrayBuffers;
  // About ninety megabytes, were they all written out.
  const sockets = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = await it.socket();
      socket.pause();
      for (let count = 0; count < 5; count++) {
        socket.write(`GET ${path}?labelSelector=large HTTP/1.1\r\nHost: x\r\n\r\n`);
      }
      return socket;
    }),
  );
  expect((await it.send('/readyz')).status).toBe(200);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000);
  for (const socket of sockets) socket.destroy();
});
