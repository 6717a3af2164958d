import type { Reply } from '../http/route.ts';
import { Html, html } from './html.ts';
import { cookie, type Visitor } from './visitor.ts';

export interface Page {
  readonly title: string;
  readonly content: Html;
  readonly status?: number;
  /** Which entry of the navigation it belongs to. */
  readonly section?: 'shop' | 'cart' | 'orders';
  /** Where the switches for language and theme lead back to. */
  readonly path: string;
}

export interface Site {
  readonly styleAddress: string;
  /** Shown at the foot: which pod and version made the page. */
  readonly server: string;
}

const policy = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const anchor = new Html(
  '<svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="16" cy="6" r="3"/><path d="M16 9v19M9.500 14h13M4.500 18.500C5 25 10 28 16 28s11-3 11.500-9.500M4.500 18.500 2 22m2.500-3.500 4 2.500M27.500 18.500 30 22m-2.500-3.500-4 2.500"/></svg>',
);
const icon = `data:image/svg+xml,${encodeURIComponent(anchor.markup.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg" color="#14507f"'))}`;

export function pageReply(site: Site, visitor: Visitor, page: Page): Reply {
  const { text, language, theme } = visitor;
  const here = (section: Page['section']) => (page.section === section ? html` aria-current="page"` : undefined);
  const count = [...visitor.cart.values()].reduce((sum, quantity) => sum + quantity, 0);
  const back = encodeURIComponent(page.path);
  const document = html`<!doctype html>
<html lang="${language}"${theme && html` data-theme="${theme}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title} · ${text.brand}</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${site.styleAddress}">
</head>
<body>
<a class="skip" href="#content">${text.skip}</a>
<header><div class="wide">
<a class="brand" href="/">${anchor}${text.brand}</a>
<nav aria-label="${text.brand}">
<a href="/"${here('shop')}>${text.shop}</a>
<a href="/cart"${here('cart')}>${text.cart}${count > 0 ? html`<span class="count">${count}</span>` : undefined}</a>
<a href="/orders"${here('orders')}>${text.orders}</a>
</nav>
</div></header>
<main id="content" class="wide">${page.content}</main>
<footer><div class="wide">
<span>${text.servedBy} <code>${site.server}</code></span>
<nav aria-label="${language === 'en' ? 'Preferences' : '偏好設定'}">
<a lang="en" href="/preferences?language=en&amp;back=${back}">English</a>
<a lang="zh-TW" href="/preferences?language=zh-TW&amp;back=${back}">繁體中文</a>
<a href="/preferences?theme=light&amp;back=${back}">${text.light}</a>
<a href="/preferences?theme=dark&amp;back=${back}">${text.dark}</a>
</nav>
</div></footer>
</body>
</html>
`;
  return {
    status: page.status ?? 200,
    type: 'text/html; charset=utf-8',
    headers: {
      'content-security-policy': policy,
      'referrer-policy': 'same-origin',
      'cache-control': 'private, no-cache',
      vary: 'Accept-Language, Cookie',
      ...(visitor.isNew && { 'set-cookie': [cookie('visitor', visitor.id)] }),
    },
    body: document.markup,
  };
}

/** Sends the browser on with GET, also after a form. */
export function redirect(location: string, cookies: readonly string[] = []): Reply {
  return { status: 303, headers: { location, ...(cookies.length > 0 && { 'set-cookie': cookies }) } };
}
