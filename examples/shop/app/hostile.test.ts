import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { startShop, Visitor } from './shop.fixture.ts';

const json = { 'content-type': 'application/json' };

test('a bad body gets a clear answer and the service goes on', async () => {
  await using shop = await startShop();
  const post = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) => {
    const response = await fetch(`${shop.orders}/orders`, { method: 'POST', headers, body });
    return `${response.status} ${await response.text()}`;
  };
  expect(await post('{"a":')).toMatch(/^400 .*not JSON/);
  expect(await post(new Uint8Array([0xff, 0xfe]))).toMatch(/^400 .*not UTF-8/);
  expect(await post('[]')).toMatch(/^400 .*must be a JSON object/);
  expect(await post('{}')).toMatch(/^400 .*customer/);
  expect(await post('x'.repeat(70_000))).toMatch(/^413 /);
  expect(await post('{}', { 'content-type': 'text/plain' })).toMatch(/^415 /);
  const order = { customer: 'customer-1', key: '12345678', recipient: 'Ann', card: '4242424242424242' };
  const with_ = (items: unknown) => post(JSON.stringify({ ...order, items }));
  expect(await with_([])).toMatch(/^400 .*items/);
  expect(await with_([{ productId: 'enamel-mug', quantity: -1 }])).toMatch(/^400 .*quantity/);
  expect(await with_([{ productId: '../../knobs', quantity: 1 }])).toMatch(/^400 .*no product/);
  expect(await with_([{ productId: 'enamel-mug', quantity: 1e9 }])).toMatch(/^400 .*quantity/);
  expect((await fetch(`${shop.orders}/healthz`)).status).toBe(200);
});

test('a body without a length is cut off at the limit, and answered', async () => {
  await using shop = await startShop();
  const status = await new Promise((resolve, reject) => {
    const outgoing = request(`${shop.orders}/orders`, { method: 'POST', headers: json }, (answer) => {
      resolve(answer.statusCode);
      answer.resume();
    });
    outgoing.once('error', reject);
    outgoing.write('x'.repeat(100_000));
  });
  expect(status).toBe(413);
});

test('a strange address or method gets its status', async () => {
  await using shop = await startShop();
  const raw = async (head: string) => {
    const socket = connect(Number(new URL(shop.catalog).port), '127.0.0.1');
    socket.end(`${head}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    return (await text(socket)).split('\r\n')[0];
  };
  expect(await raw('GET /products/%zz HTTP/1.1')).toContain('400');
  expect(await raw('GET //evil.example/x HTTP/1.1')).toContain('404');
  expect(await raw('GET http://evil.example/ HTTP/1.1')).toContain('400');
  expect(await raw('BREW / HTTP/1.1')).toContain('400');
  expect(await raw(`GET /${'a'.repeat(20_000)} HTTP/1.1`)).toContain('431');
  const wrong = await fetch(`${shop.catalog}/products`, { method: 'DELETE' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET']);
  const head = await fetch(`${shop.catalog}/products`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('cookies are not believed, forms of other sites refused, and nobody is led away', async () => {
  await using shop = await startShop();
  const cookie = 'visitor=%27; cart=enamel-mug.5!<script>.3!nothing.2!logbook.0; language=xx; theme=y';
  const page = await fetch(`${shop.storefront}/cart`, { headers: { cookie } });
  const shown = await page.text();
  expect(shown).toContain('NT$1,900');
  expect(shown).not.toContain('<script');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const foreign = new Visitor(shop.storefront, { origin: 'http://evil.example' });
  expect((await foreign.open('/cart', { product: 'enamel-mug' })).status).toBe(403);
  const own = new Visitor(shop.storefront, { origin: shop.storefront });
  expect((await own.open('/cart', { product: 'enamel-mug' })).status).toBe(303);
  expect((await own.open('/cart', { product: 'enamel-mug', quantity: '1e3' })).status).toBe(400);
  for (const back of ['//evil.example', '/\\evil.example', 'http://evil.example', '/\r\nx: y']) {
    expect((await own.open(`/preferences?back=${encodeURIComponent(back)}`)).location).toBe('/');
  }
});
