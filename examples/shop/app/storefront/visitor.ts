import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Language } from '../catalog/products.ts';
import { preferredLanguage, type Texts, texts } from './texts.ts';

/** All that the shop knows of a visitor. It lives in cookies, so that any replica can serve the next page. */
export interface Visitor {
  /** A random id that owns the orders; it is as good as a password and never shown. */
  readonly id: string;
  readonly isNew: boolean;
  readonly language: Language;
  readonly text: Texts;
  readonly theme: 'light' | 'dark' | undefined;
  /** Product id to quantity. */
  readonly cart: ReadonlyMap<string, number>;
}

const year = 365 * 24 * 3600;
const cartLimit = 30;

export function visitorOf(headers: IncomingHttpHeaders): Visitor {
  const cookies = parseCookies(headers.cookie);
  const given = cookies.get('visitor') ?? '';
  const known = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(given);
  const chosen = cookies.get('language');
  const language = chosen === 'en' || chosen === 'zh-TW' ? chosen : preferredLanguage(headers['accept-language']);
  const theme = cookies.get('theme');
  return {
    id: known ? given : randomUUID(),
    isNew: !known,
    language,
    text: texts[language],
    theme: theme === 'light' || theme === 'dark' ? theme : undefined,
    cart: parseCart(cookies.get('cart') ?? ''),
  };
}

export function cookie(name: string, value: string, maxAge = year): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax`;
}

export function cartCookie(cart: ReadonlyMap<string, number>): string {
  return cookie('cart', [...cart].map(([id, quantity]) => `${id}.${quantity}`).join('!'));
}

/** `cart` with a product's quantity set; 0 takes it out. Never more than 99 of one, nor 30 different ones. */
export function withQuantity(cart: Visitor['cart'], id: string, quantity: number): Map<string, number> {
  const changed = new Map(cart);
  if (quantity <= 0) changed.delete(id);
  else if (changed.has(id) || changed.size < cartLimit) changed.set(id, Math.min(quantity, 99));
  return changed;
}

function parseCart(text: string): Map<string, number> {
  let cart = new Map<string, number>();
  for (const [, id, quantity] of text.matchAll(/(?:^|!)([a-z0-9-]{1,40})\.(\d{1,2})(?=!|$)/g)) {
    if (id !== undefined) cart = withQuantity(cart, id, Number(quantity));
  }
  return cart;
}

function parseCookies(header: string | undefined): Map<string, string> {
  return new Map(
    (header ?? '').split(';').flatMap((pair) => {
      const [name, ...value] = pair.trim().split('=');
      return name ? [[name, value.join('=')] as const] : [];
    }),
  );
}
