import { expect, test } from 'vitest';
import { changedKnobs, initialKnobs, suffer } from './knobs.ts';
import { startShop, Visitor } from './shop.fixture.ts';

async function turn(url: string, knobs: unknown) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/knobs`, { method: 'PUT', headers, body: JSON.stringify(knobs) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('errors are made and taken back while it runs; what is needed to do so keeps working', async () => {
  await using shop = await startShop();
  expect((await turn(shop.catalog, { errorRate: 1 })).body).toMatchObject({ errorRate: 1, latencyMs: 0 });
  expect((await fetch(`${shop.catalog}/products`)).status).toBe(500);
  for (const path of ['/healthz', '/readyz', '/metrics', '/knobs']) {
    expect((await fetch(`${shop.catalog}${path}`)).status).toBe(200);
  }
  const page = await new Visitor(shop.storefront).open('/');
  expect(page.status).toBe(502);
  expect(page.text).toContain('not answering just now');
  await turn(shop.catalog, { errorRate: 0 });
  expect((await fetch(`${shop.catalog}/products`)).status).toBe(200);
});

test('waits and computes as long as it is told', async () => {
  await using shop = await startShop({ LATENCY_MS: '60' });
  const started = performance.now();
  await fetch(`${shop.payments}/nothing`);
  await fetch(`${shop.catalog}/products`);
  expect(performance.now() - started).toBeGreaterThanOrEqual(59);
  // Others may want the processor as well: then the time goes by with little of it.
  const before = process.cpuUsage().user;
  const used = () => process.cpuUsage().user - before;
  for (let tries = 0; used() < 20_000 && tries < 20; tries++)
    await suffer({ latencyMs: 0, jitterMs: 0, errorRate: 0, cpuMs: 100 });
  expect(used()).toBeGreaterThan(20_000);
});

test.each([
  [{ latencyMs: -1 }, /latencyMs must be a number from 0 to 60000/],
  [{ errorRate: 1.5 }, /errorRate/],
  [{ errorRate: '0.5' }, /errorRate/],
  [{ cpuMs: null }, /cpuMs/],
  [{ latency: 5 }, /no knob "latency"/],
  [[], /JSON object/],
  [JSON.parse('{"__proto__": 1}'), /no knob "__proto__"/],
])('%j is refused', async (change, message) => {
  expect(() => changedKnobs(initialKnobs({}), change)).toThrow(message);
});

test('a wrong variable is refused by name of the knob', () => {
  expect(() => initialKnobs({ ERROR_RATE: 'often' })).toThrow(/errorRate/);
  expect(initialKnobs({ ERROR_RATE: '', CPU_MS: '5' })).toEqual({ latencyMs: 0, jitterMs: 0, errorRate: 0, cpuMs: 5 });
});
