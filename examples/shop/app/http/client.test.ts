import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { Metrics } from '../observe/metrics.ts';
import { Span } from '../observe/tracing.ts';
import { type CallOptions, upstream, upstreamMetrics } from './client.ts';

async function listening(listener: RequestListener, port = 0) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

function caller(port: number) {
  const metrics = new Metrics();
  const other = upstream('other', `http://127.0.0.1:${port}`, upstreamMetrics(metrics), () => {});
  const parent = new Span('test', 'internal', undefined, () => {});
  const call = (options: Omit<CallOptions, 'parent'> = {}) => other.call('/x', { ...options, parent });
  return { call, metrics, [Symbol.dispose]: () => other.close() };
}

test('a GET and a POST with a key are tried three times, another POST once', async () => {
  let seen = 0;
  await using server = await listening((_, response) => {
    seen += 1;
    response.writeHead(503).end();
  });
  using one = caller(server.port);
  await expect(one.call()).rejects.toMatchObject({ status: 502, message: 'other answered 503' });
  expect(seen).toBe(3);
  await expect(one.call({ method: 'POST', body: {}, idempotent: true })).rejects.toMatchObject({ status: 502 });
  expect(seen).toBe(6);
  await expect(one.call({ method: 'POST', body: {} })).rejects.toMatchObject({ status: 502 });
  expect(seen).toBe(7);
  expect(one.metrics.expose()).toContain('http_client_retries_total{upstream="other"} 4\n');
});

test('what is refused for a while arrives when the service is back, also a POST without a key', async () => {
  const { port, ...first } = await listening(() => {});
  await first[Symbol.asyncDispose]();
  using one = caller(port);
  const answer = one.call({ method: 'POST', body: { a: 1 } });
  while (!one.metrics.expose().includes('retries_total{upstream="other"}')) await new Promise(setImmediate);
  await using _back = await listening((request, response) => {
    response.setHeader('content-type', 'application/json');
    request.pipe(response);
  }, port);
  expect(await answer).toEqual({ status: 200, body: { a: 1 } });
});

test('an answer that breaks off, is endless or is no JSON is an error and not a crash', async () => {
  const bodies: RequestListener[] = [
    (_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('x', () => response.destroy());
    },
    (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
    (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    },
  ];
  for (const body of bodies) {
    await using server = await listening(body);
    using one = caller(server.port);
    await expect(one.call({ method: 'POST' })).rejects.toMatchObject({ status: 502 });
  }
});
