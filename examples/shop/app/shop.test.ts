import { expect, test } from 'vitest';
import { startShop, Visitor } from './shop.fixture.ts';

const card = '4242 4242 4242 4242';

test('a visitor chooses, pays, and finds the order again', async () => {
  await using shop = await startShop();
  const visitor = new Visitor(shop.storefront);
  expect((await visitor.open('/')).text).toContain('Storm lantern');
  expect((await visitor.open('/products/storm-lantern')).text).toContain('NT$1,280');
  expect(await visitor.open('/cart', { product: 'storm-lantern', quantity: '2' })).toMatchObject({
    status: 303,
    location: '/cart',
  });
  await visitor.open('/cart', { product: 'enamel-mug' });
  await visitor.open('/cart', { product: 'logbook' });
  await visitor.open('/cart/quantity', { product: 'logbook', quantity: '0' });
  const cart = (await visitor.open('/cart')).text;
  expect(cart).toContain('NT$2,940');
  expect(cart).not.toContain('Logbook');

  const checkout = (await visitor.open('/checkout')).text;
  const key = /name="key" value="([^"]+)"/.exec(checkout)?.[1] ?? '';
  const paid = await visitor.open('/checkout', { key, recipient: '<script>alert(1)</script>', card });
  expect(paid.status).toBe(303);
  const order = (await visitor.open(paid.location ?? '')).text;
  expect(order).toContain('Thank you');
  expect(order).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(order).not.toContain('<script');
  expect(order).toContain('NT$2,940');
  const id = /\/orders\/(\w{10})\?new/.exec(paid.location ?? '')?.[1] ?? 'none';
  expect((await visitor.open('/orders')).text).toContain(id);
  expect((await visitor.open('/cart')).text).toContain('Your cart is empty');

  const stranger = new Visitor(shop.storefront);
  expect((await stranger.open(`/orders/${id}`)).status).toBe(404);
  expect((await stranger.open('/orders')).text).not.toContain(id);
});

test('a declined card leaves the cart and makes no order', async () => {
  await using shop = await startShop();
  const visitor = new Visitor(shop.storefront);
  await visitor.open('/cart', { product: 'enamel-mug' });
  const form = { key: '12345678', recipient: 'Ann', card: '4000000000000002' };
  const declined = await visitor.open('/checkout', form);
  expect(declined.status).toBe(402);
  expect(declined.text).toContain('declined');
  expect(declined.text).toContain('value="Ann"');
  expect((await visitor.open('/orders')).text).toContain('No orders yet');
  expect((await visitor.open('/checkout', { ...form, card: 'abc' })).status).toBe(400);
  expect((await visitor.open('/checkout', { ...form, card })).status).toBe(303);
});

test('an order that is sent twice is one order, also at the same moment', async () => {
  await using shop = await startShop();
  const body = JSON.stringify({
    customer: 'customer-1',
    key: 'the-same-key',
    recipient: 'Ann',
    card,
    items: [{ productId: 'enamel-mug', quantity: 1 }],
  });
  const send = async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${shop.orders}/orders`, { method: 'POST', headers, body });
    return (await response.json()) as { id: string; total: number };
  };
  const answers = [...(await Promise.all([send(), send(), send()])), await send()];
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(answers[0]?.total).toBe(380);
  const listed = await fetch(`${shop.orders}/orders?customer=customer-1`);
  expect(((await listed.json()) as { orders: unknown[] }).orders).toHaveLength(1);
});

test('speaks the language that the browser asks for, or the visitor chose', async () => {
  await using shop = await startShop();
  const chinese = new Visitor(shop.storefront, { 'accept-language': 'fr, zh-TW;q=0.9, en;q=0.8' });
  const page = (await chinese.open('/')).text;
  expect(page).toContain('<html lang="zh-TW"');
  expect(page).toContain('防風提燈');
  const chosen = await chinese.open('/preferences?language=en&theme=dark&back=%2Fcart');
  expect(chosen).toMatchObject({ status: 303, location: '/cart' });
  expect((await chinese.open('/cart')).text).toContain('<html lang="en" data-theme="dark"');
});

test('is ready when it has what it needs, and says what it lacks', async () => {
  await using shop = await startShop();
  expect((await fetch(`${shop.storefront}/readyz`)).status).toBe(200);
  await using lonely = await startShop({ CATALOG_URL: 'http://127.0.0.1:1' });
  expect((await fetch(`${lonely.orders}/readyz`)).status).toBe(200);
  const lacking = await fetch(`${lonely.storefront}/readyz`);
  expect([lacking.status, await lacking.text()]).toEqual([503, 'not ready: the catalog cannot be reached\n']);
  expect((await fetch(`${lonely.storefront}/healthz`)).status).toBe(200);
});
