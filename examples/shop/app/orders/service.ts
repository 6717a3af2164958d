import { randomBytes } from 'node:crypto';
import type { Upstream } from '../http/client.ts';
import { HttpError } from '../http/http-error.ts';
import { jsonReply, type ShopRequest } from '../http/route.ts';
import { integer, list, members, text } from '../input.ts';
import type { Span } from '../observe/tracing.ts';
import type { Service, ServiceContext } from '../service.ts';
import { openDatabase } from './database.ts';
import type { OrderItem } from './order.ts';

/** Takes orders: prices them by the catalog, has them paid, and keeps them in an SQLite file. */
export function orders({ env, metrics, upstream }: ServiceContext): Service {
  const database = openDatabase(env.DATABASE_PATH || ':memory:');
  const catalog = upstream('catalog');
  const payments = upstream('payments');
  const placed = metrics.counter('shop_orders_total', 'Orders asked for, by their result.');
  const value = metrics.counter('shop_order_value_twd_total', 'Value of the orders that were paid, in TWD.');

  const place = async (request: ShopRequest) => {
    const input = members(await request.json());
    const customer = text(input, 'customer', 8, 64);
    const key = text(input, 'key', 8, 64);
    const recipient = text(input, 'recipient', 1, 80);
    const card = text(input, 'card', 12, 23);
    const wanted = list(input, 'items', 50).map((item) => ({
      productId: text(item, 'productId', 1, 64),
      quantity: integer(item, 'quantity', 1, 99),
    }));
    const earlier = database.byKey(customer, key);
    if (earlier !== undefined) return jsonReply(earlier);

    const items = await priced(catalog, wanted, request.span);
    const total = items.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
    const charge = await payments.call('/charges', {
      method: 'POST',
      body: { key: `${customer}/${key}`, amount: total, card },
      parent: request.span,
      idempotent: true,
    });
    if (charge.status !== 201) {
      const result = charge.status === 402 ? 'declined' : 'invalid';
      placed.add({ result });
      throw new HttpError(charge.status, String(members(charge.body).error));
    }
    const cardEnding = text(members(charge.body), 'cardEnding', 4, 4);
    const order = { id: orderId(), createdAt: new Date().toISOString(), recipient, cardEnding, total, items };
    const stored = database.save(order, { customer, key });
    placed.add({ result: 'paid' });
    value.add({}, total);
    return jsonReply(stored, 201);
  };

  return {
    routes: [
      { method: 'POST', path: '/orders', handle: place },
      {
        method: 'GET',
        path: '/orders',
        handle: ({ query }) => jsonReply({ orders: database.byCustomer(query.get('customer') ?? '') }),
      },
      {
        method: 'GET',
        path: '/orders/:id',
        handle({ params, query }) {
          const order = database.byId(query.get('customer') ?? '', params.id ?? '');
          if (order === undefined) throw new HttpError(404, 'there is no such order');
          return jsonReply(order);
        },
      },
    ],
    // Without catalog or payments earlier orders can still be read: only the database decides.
    async missing() {
      try {
        database.check();
        return undefined;
      } catch (error) {
        return `the database cannot be written: ${error instanceof Error ? error.message : error}`;
      }
    },
    close: () => database.close(),
  };
}

async function priced(
  catalog: Upstream,
  wanted: readonly { productId: string; quantity: number }[],
  parent: Span,
): Promise<OrderItem[]> {
  return Promise.all(
    wanted.map(async ({ productId, quantity }) => {
      const { status, body } = await catalog.call(`/products/${encodeURIComponent(productId)}`, { parent });
      if (status === 404) throw new HttpError(400, `there is no product "${productId}"`);
      if (status !== 200) throw new HttpError(502, `catalog answered ${status}`);
      return { productId, quantity, price: integer(members(body), 'price', 1, 1_000_000) };
    }),
  );
}

/** Ten characters to read out over the telephone: no letters that look like digits. */
function orderId(): string {
  const alphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
  return Array.from(randomBytes(10), (byte) => alphabet[byte % alphabet.length]).join('');
}
