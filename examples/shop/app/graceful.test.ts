import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { catalog } from './catalog/service.ts';
import { load } from './load.ts';
import { type RunningService, startService } from './service.ts';

/** Sends each new connection to the address of the moment and leaves open ones where they are, as a Service does. */
async function serviceAddress(first: string) {
  let target = Number(new URL(first).port);
  const server = createServer((incoming) => {
    const outgoing = connect(target, '127.0.0.1');
    incoming.pipe(outgoing).pipe(incoming);
    incoming.on('error', () => outgoing.destroy());
    outgoing.on('error', () => incoming.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lead(url: string) {
      target = Number(new URL(url).port);
    },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const env = { LATENCY_MS: '10' };
const start = () => startService({ name: 'catalog', build: catalog, env, port: 0, write: () => {} });

test.each([true, false])(
  'a rolling update under constant load loses no request (keep-alive: %s)',
  async (keepAlive) => {
    let running: RunningService = await start();
    await using address = await serviceAddress(running.url);
    const url = `${address.url}/products`;
    const stop = new AbortController();
    const loading = load({ url, rate: 200, seconds: 30, keepAlive, timeoutMs: 5_000, signal: stop.signal });
    for (let update = 0; update < 2; update += 1) {
      const next = await start();
      const stopping = running.stop(1_500);
      // The cluster learns of it later; meanwhile the one that is stopping still gets new connections.
      await delay(200);
      expect((await fetch(`${running.url}/readyz`)).status).toBe(503);
      address.lead(next.url);
      await stopping;
      running = next;
    }
    stop.abort();
    const result = await loading;
    await running.stop(0);
    expect(result.sent).toBeGreaterThan(100);
    expect(result.counts).toEqual({ '200': result.sent });
    expect(result.lost).toBe(0);
  },
);

describe('the program', () => {
  const program = join(import.meta.dirname, 'main.ts');
  const run = (service: string, more: Record<string, string> = {}) => {
    const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, service], {
      env: { PATH: process.env.PATH, PORT: '0', DRAIN_MS: '0', ...more },
    });
    return {
      child,
      [Symbol.asyncDispose]: async () => {
        if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit');
      },
    };
  };
  const portOf = async (child: ChildProcess) => {
    if (child.stdout === null) throw new Error('no output');
    for await (const line of createInterface({ input: child.stdout })) {
      const { message, port } = JSON.parse(line) as { message: string; port: number };
      if (message === 'listening') return port;
    }
    throw new Error('it ended before it listened');
  };

  test('finishes the request that is open when SIGTERM comes, then ends with status 0', async () => {
    await using catalogProcess = run('catalog', { LATENCY_MS: '400' });
    const { child } = catalogProcess;
    const port = await portOf(child);
    child.stdout?.resume();
    const answer = fetch(`http://127.0.0.1:${port}/products`);
    while (!(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).includes('http_requests_in_flight 2')) {
      await delay(5);
    }
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    const response = await answer;
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    expect(await exit).toEqual([0, null]);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['nothing', {}, /say which service to run: storefront, catalog, orders, payments/],
    ['catalog', { PORT: 'http' }, /PORT must be a whole number/],
    ['catalog', { ERROR_RATE: '2' }, /errorRate must be a number from 0 to 1/],
    ['orders', { DATABASE_PATH: '/nowhere/orders.db' }, /unable to open database/],
  ])('refuses to run %s with %j in one sentence', async (service, more, message) => {
    await using process_ = run(service, more);
    const output: string[] = [];
    process_.child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    expect(await once(process_.child, 'close')).toEqual([1, null]);
    expect(output.join('')).toMatch(message);
    expect(output.join('').trim().split('\n')).toHaveLength(1);
  });
});
