import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Product } from '../catalog/products.ts';
import type { CallOptions, Upstream } from '../http/client.ts';
import { HttpError } from '../http/http-error.ts';
import type { Reply, Route, ShopRequest } from '../http/route.ts';
import type { Order } from '../orders/order.ts';
import type { Service, ServiceContext } from '../service.ts';
import { type Page, pageReply, redirect, type Site } from './layout.ts';
import {
  type CartLine,
  cartPage,
  checkoutPage,
  orderPage,
  ordersPage,
  problemPage,
  productList,
  productPage,
} from './pages.ts';
import { picture } from './pictures.ts';
import { cartCookie, cookie, type Visitor, visitorOf, withQuantity } from './visitor.ts';

const day = 'public, max-age=86400';

/** The pages of the shop. It keeps nothing: the cart is the visitor's, products and orders are other services'. */
export function storefront({ env, upstream }: ServiceContext): Service {
  const catalog = upstream('catalog');
  const orders = upstream('orders');
  const style = readFileSync(join(import.meta.dirname, 'style.css'));
  const styleAddress = `/style.${createHash('sha256').update(style).digest('hex').slice(0, 12)}.css`;
  const version = env.APP_VERSION ? ` · ${env.APP_VERSION}` : '';
  const site: Site = { styleAddress, server: `${env.POD_NAME || hostname()}${version}` };

  /** A page, with the visitor's cookies read and what is written back checked for where it comes from. */
  const show = (visitor: Visitor, page: Page) => pageReply(site, visitor, page);
  const page = (path: string, make: (visitor: Visitor, request: ShopRequest) => Promise<Page | Reply>): Route => ({
    method: 'GET',
    path,
    async handle(request) {
      const visitor = visitorOf(request.headers);
      const made = await make(visitor, request);
      return 'content' in made ? show(visitor, made) : made;
    },
  });
  const action = (
    path: string,
    act: (visitor: Visitor, form: URLSearchParams, request: ShopRequest) => Promise<Reply>,
  ): Route => ({
    method: 'POST',
    path,
    async handle(request) {
      refuseForeign(request);
      return act(visitorOf(request.headers), await request.form(), request);
    },
  });

  return {
    routes: [
      page('/', async (visitor, request) => ({
        title: visitor.text.shop,
        content: productList(visitor, await allProducts(catalog, request)),
        section: 'shop',
        path: '/',
      })),
      page('/products/:id', async (visitor, request) => {
        const product = await oneProduct(catalog, request, request.params.id ?? '');
        const title = product.name[visitor.language];
        return { title, content: productPage(visitor, product), section: 'shop', path: request.path };
      }),
      page('/cart', async (visitor, request) => ({
        title: visitor.text.cart,
        content: cartPage(visitor, await cartLines(catalog, request, visitor)),
        section: 'cart',
        path: '/cart',
      })),
      page('/checkout', async (visitor, request) => {
        const lines = await cartLines(catalog, request, visitor);
        if (lines.length === 0) return redirect('/cart');
        const form = { key: randomUUID(), recipient: '' };
        return {
          title: visitor.text.checkout,
          content: checkoutPage(visitor, lines, form),
          section: 'cart',
          path: '/checkout',
        };
      }),
      page('/orders', async (visitor, request) => ({
        title: visitor.text.orders,
        content: ordersPage(visitor, visitor.isNew ? [] : await ordersOf(orders, request, visitor)),
        section: 'orders',
        path: '/orders',
      })),
      page('/orders/:id', async (visitor, request) => {
        const path = `/orders/${encodeURIComponent(request.params.id ?? '')}`;
        const answer = await orders.call(`${path}?customer=${visitor.id}`, { parent: request.span });
        const order = found<Order>(answer, 'orders');
        const names = new Map(
          (await allProducts(catalog, request)).map(({ id, name }) => [id, name[visitor.language]]),
        );
        const content = orderPage(visitor, order, names, request.query.has('new'));
        return { title: `${visitor.text.order} ${order.id}`, content, section: 'orders', path };
      }),
      action('/cart', async (visitor, form, request) => {
        const { id } = await oneProduct(catalog, request, form.get('product') ?? '');
        const quantity = (visitor.cart.get(id) ?? 0) + quantityOf(form.get('quantity') ?? '1', 1);
        return redirect('/cart', [cartCookie(withQuantity(visitor.cart, id, quantity))]);
      }),
      action('/cart/quantity', async (visitor, form) => {
        const id = form.get('product') ?? '';
        if (!visitor.cart.has(id)) return redirect('/cart');
        return redirect('/cart', [cartCookie(withQuantity(visitor.cart, id, quantityOf(form.get('quantity'), 0)))]);
      }),
      action('/checkout', async (visitor, form, request) => {
        const lines = await cartLines(catalog, request, visitor);
        if (lines.length === 0) return redirect('/cart');
        const key = form.get('key') ?? '';
        const recipient = (form.get('recipient') ?? '').trim();
        const items = lines.map(({ product, quantity }) => ({ productId: product.id, quantity }));
        const body = { customer: visitor.id, key, recipient, card: form.get('card') ?? '', items };
        const options: CallOptions = { method: 'POST', body, parent: request.span, idempotent: true };
        const answer = await orders.call('/orders', options);
        if (answer.status < 300) {
          const order = answer.body as Order;
          return redirect(`/orders/${order.id}?new`, [cartCookie(new Map()), cookie('visitor', visitor.id)]);
        }
        const problem = answer.status === 402 ? visitor.text.declined : visitor.text.checkInput;
        const content = checkoutPage(visitor, lines, { key: randomUUID(), recipient, problem });
        return show(visitor, {
          title: visitor.text.checkout,
          content,
          section: 'cart',
          path: '/checkout',
          status: answer.status,
        });
      }),
      {
        method: 'GET',
        path: '/preferences',
        handle({ query }) {
          const cookies: string[] = [];
          const language = query.get('language');
          const theme = query.get('theme');
          if (language === 'en' || language === 'zh-TW') cookies.push(cookie('language', language));
          if (theme === 'light' || theme === 'dark') cookies.push(cookie('theme', theme));
          return redirect(ownPath(query.get('back')), cookies);
        },
      },
      {
        method: 'GET',
        path: '/pictures/:file',
        handle({ params }) {
          const drawn = picture((params.file ?? '').replace(/\.svg$/, ''));
          if (drawn === undefined) throw new HttpError(404, 'there is no such picture');
          return { type: 'image/svg+xml', headers: { 'cache-control': day }, body: drawn };
        },
      },
      {
        method: 'GET',
        path: styleAddress,
        handle: () => ({ type: 'text/css; charset=utf-8', headers: { 'cache-control': day }, body: style }),
      },
    ],
    // Without the catalog there is no page to show; without orders one can still look around.
    async missing() {
      return (await catalog.reachable()) ? undefined : 'the catalog cannot be reached';
    },
    errorReply(error, { headers, path }) {
      const visitor = visitorOf(headers);
      const { text } = visitor;
      const message = error.status === 404 ? text.notFound : error.status >= 500 ? text.unavailable : text.badRequest;
      const content = problemPage(visitor, message);
      return show(visitor, { title: text.sorry, content, status: error.status, path: ownPath(path) });
    },
  };
}

function found<T>({ status, body }: { status: number; body: unknown }, from: string): T {
  if (status === 404) throw new HttpError(404, 'there is nothing here');
  if (status !== 200) throw new HttpError(502, `${from} answered ${status}`);
  return body as T;
}

async function allProducts(catalog: Upstream, { span }: ShopRequest): Promise<Product[]> {
  return found<{ products: Product[] }>(await catalog.call('/products', { parent: span }), 'catalog').products;
}

async function oneProduct(catalog: Upstream, { span }: ShopRequest, id: string): Promise<Product> {
  return found<Product>(await catalog.call(`/products/${encodeURIComponent(id)}`, { parent: span }), 'catalog');
}

async function ordersOf(orders: Upstream, { span }: ShopRequest, { id }: Visitor): Promise<Order[]> {
  return found<{ orders: Order[] }>(await orders.call(`/orders?customer=${id}`, { parent: span }), 'orders').orders;
}

/** The cart's lines; products that are sold no more fall out. */
async function cartLines(catalog: Upstream, request: ShopRequest, { cart }: Visitor): Promise<CartLine[]> {
  if (cart.size === 0) return [];
  const products = new Map((await allProducts(catalog, request)).map((product) => [product.id, product]));
  return [...cart].flatMap(([id, quantity]) => {
    const product = products.get(id);
    return product === undefined ? [] : [{ product, quantity }];
  });
}

function quantityOf(text: string | null, min: number): number {
  const value = Number(text);
  if (text === null || text.trim() === '' || !Number.isInteger(value) || value < min || value > 99) {
    throw new HttpError(400, `quantity must be a whole number from ${min} to 99`);
  }
  return value;
}

/** A form of another site must not fill this one's cart; browsers say where a form comes from. */
function refuseForeign({ headers }: ShopRequest): void {
  const origin = headers.origin;
  if (origin !== undefined && URL.parse(origin)?.host !== headers.host) {
    throw new HttpError(403, 'this form belongs to another site');
  }
}

/** A path of this shop; anything that could lead elsewhere becomes the front page. */
function ownPath(path: string | null): string {
  return path !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(path) ? path : '/';
}
