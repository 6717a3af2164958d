import type { Product } from '../catalog/products.ts';
import type { Order } from '../orders/order.ts';
import { type Html, html } from './html.ts';
import type { Visitor } from './visitor.ts';

export interface CartLine {
  readonly product: Product;
  readonly quantity: number;
}

function money(amount: number): string {
  return `NT$${amount.toLocaleString('en-US')}`;
}

function image(id: string, description: string): Html {
  return html`<img src="/pictures/${id}.svg" alt="${description}" width="400" height="300">`;
}

function addForm(id: string, button: Html): Html {
  return html`<form method="post" action="/cart"><input type="hidden" name="product" value="${id}">${button}</form>`;
}

export function productList({ text, language }: Visitor, products: readonly Product[]): Html {
  const cards = products.map(({ id, name, price }) => {
    const label = `${text.addToCart}: ${name[language]}`;
    return html`<li class="product"><a href="/products/${id}" tabindex="-1" aria-hidden="true">${image(id, '')}</a>
<div class="body"><div><h2><a href="/products/${id}">${name[language]}</a></h2><span class="price">${money(price)}</span></div>
${addForm(id, html`<button class="add" aria-label="${label}" title="${label}">+</button>`)}</div></li>`;
  });
  return html`<div class="hero"><h1>${text.tagline}</h1><p>${text.intro}</p></div><ul class="products">${cards}</ul>`;
}

export function productPage({ text, language }: Visitor, product: Product): Html {
  return html`<a class="back" href="/">← ${text.back}</a>
<div class="detail">${image(product.id, product.name[language])}
<div><h1>${product.name[language]}</h1><p class="lead">${product.description[language]}</p>
<p class="price">${money(product.price)}</p>
<form method="post" action="/cart"><input type="hidden" name="product" value="${product.id}">
<div><label for="quantity">${text.quantity}</label><input id="quantity" type="number" name="quantity" value="1" min="1" max="99" required></div>
<button>${text.addToCart}</button></form></div></div>`;
}

export function cartPage(visitor: Visitor, lines: readonly CartLine[]): Html {
  const { text, language } = visitor;
  if (lines.length === 0) {
    return html`<h1>${text.cart}</h1><p class="lead">${text.emptyCart}</p><div class="actions"><a class="button" href="/">${text.keepShopping}</a></div>`;
  }
  const rows = lines.map(({ product: { id, name, price }, quantity }) => {
    const hidden = html`<input type="hidden" name="product" value="${id}">`;
    return html`<div class="line">${image(id, '')}
<div class="what"><a href="/products/${id}">${name[language]}</a><br><span class="price">${money(price)}</span></div>
<form method="post" action="/cart/quantity">${hidden}<input type="number" name="quantity" value="${quantity}" min="0" max="99" required aria-label="${text.quantity}: ${name[language]}"><button class="quiet">${text.update}</button></form>
<form method="post" action="/cart/quantity">${hidden}<input type="hidden" name="quantity" value="0"><button class="quiet" aria-label="${text.remove}: ${name[language]}">${text.remove}</button></form>
<span class="amount">${money(price * quantity)}</span></div>`;
  });
  return html`<h1>${text.cart}</h1><div class="panel">${rows}<div class="sum"><span>${text.total}</span><span>${money(totalOf(lines))}</span></div></div>
<div class="actions"><a class="button" href="/checkout">${text.checkout}</a><a class="button quiet" href="/">${text.keepShopping}</a></div>`;
}

export interface CheckoutForm {
  /** Makes a form that is sent twice one order. */
  readonly key: string;
  readonly recipient: string;
  readonly problem?: string;
}

export function checkoutPage({ text, language }: Visitor, lines: readonly CartLine[], form: CheckoutForm): Html {
  const rows = lines.map(
    ({ product: { id, name, price }, quantity }) =>
      html`<div class="line">${image(id, '')}<div class="what">${name[language]}<br><span class="price">${quantity} × ${money(price)}</span></div><span class="amount">${money(price * quantity)}</span></div>`,
  );
  return html`<h1>${text.checkout}</h1>
${form.problem && html`<p class="note warn" role="alert">${form.problem}</p>`}
<div class="checkout"><form method="post" action="/checkout"><input type="hidden" name="key" value="${form.key}">
<div class="field"><label for="recipient">${text.recipient}</label><input id="recipient" name="recipient" value="${form.recipient}" required maxlength="80" autocomplete="name"></div>
<div class="field"><label for="card">${text.card}</label><input id="card" name="card" value="4242 4242 4242 4242" required maxlength="23" inputmode="numeric" autocomplete="off" aria-describedby="card-hint"><p class="hint" id="card-hint">${text.cardHint}</p></div>
<button>${text.pay} ${money(totalOf(lines))}</button></form>
<div class="panel">${rows}<div class="sum"><span>${text.total}</span><span>${money(totalOf(lines))}</span></div></div></div>`;
}

export function orderPage(visitor: Visitor, order: Order, names: ReadonlyMap<string, string>, fresh: boolean): Html {
  const { text } = visitor;
  const rows = order.items.map(
    ({ productId, quantity, price }) =>
      html`<div class="line">${image(productId, '')}<div class="what"><a href="/products/${productId}">${names.get(productId) ?? productId}</a><br><span class="price">${quantity} × ${money(price)}</span></div><span class="amount">${money(quantity * price)}</span></div>`,
  );
  return html`${fresh ? html`<p class="note good" role="status">${text.thanks}</p>` : undefined}
<h1>${text.order} ${order.id}</h1>
<p class="lead">${text.recipient}${text.colon}${order.recipient}<br>${text.orderedOn}${text.colon}${time(order.createdAt, visitor)}<br>${text.paidWith}${text.paidGap}${order.cardEnding}</p>
<div class="panel">${rows}<div class="sum"><span>${text.total}</span><span>${money(order.total)}</span></div></div>
<div class="actions"><a class="button quiet" href="/orders">${text.orders}</a><a class="button quiet" href="/">${text.keepShopping}</a></div>`;
}

export function ordersPage(visitor: Visitor, orders: readonly Order[]): Html {
  const { text } = visitor;
  if (orders.length === 0) {
    return html`<h1>${text.orders}</h1><p class="lead">${text.noOrders}</p><div class="actions"><a class="button" href="/">${text.keepShopping}</a></div>`;
  }
  const rows = orders.map(({ id, createdAt, total, items }) => {
    const count = items.reduce((sum, { quantity }) => sum + quantity, 0);
    const thumbs = items.slice(0, 3).map(({ productId }) => image(productId, ''));
    return html`<li><a class="panel order-row" href="/orders/${id}"><span class="thumbs">${thumbs}</span><span><b>${id}</b><br><span class="price">${time(createdAt, visitor)} · ${count} ${text.items}</span></span><span class="amount">${money(total)}</span></a></li>`;
  });
  return html`<h1>${text.orders}</h1><ul class="orders">${rows}</ul>`;
}

export function problemPage({ text }: Visitor, message: string): Html {
  return html`<h1>${text.sorry}</h1><p class="lead">${message}</p><div class="actions"><a class="button" href="/">${text.back}</a></div>`;
}

function totalOf(lines: readonly CartLine[]): number {
  return lines.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);
}

function time(iso: string, { language }: Visitor): Html {
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'Asia/Taipei' });
  return html`<time datetime="${iso}">${format.format(new Date(iso))}</time>`;
}
