import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { load } from './load.ts';

test('counts answers and failures, and knows what was lost', async () => {
  let seen = 0;
  const server = createServer((_, response) => {
    seen += 1;
    if (seen % 4 === 0) response.destroy();
    else response.writeHead(seen % 2 === 0 ? 404 : seen % 3 === 0 ? 503 : 200).end('x');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const result = await load({ url, rate: 400, seconds: 0.12, keepAlive: false, timeoutMs: 5_000 });
  server.close();
  // 48 requests: of 12 in a row 3 are cut off, 3 get 404, 2 get 503 and 4 get 200.
  expect(result.sent).toBe(48);
  expect(result.counts).toEqual({ '200': 16, '404': 12, '503': 8, ECONNRESET: 12 });
  expect(result.lost).toBe(20);
  expect(result.latency.p50).toBeGreaterThan(0);
  expect(result.latency.max).toBeGreaterThanOrEqual(result.latency.p99);
});

test('goes on at its rate when nobody answers, and stops by itself', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const result = await load({ url, rate: 100, seconds: 0.2, keepAlive: false, timeoutMs: 100 });
  server.closeAllConnections();
  server.close();
  expect(result).toMatchObject({ sent: 20, counts: { timeout: 20 }, lost: 20 });
});
