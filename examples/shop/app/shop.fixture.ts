import { catalog } from './catalog/service.ts';
import { orders } from './orders/service.ts';
import { payments } from './payments/service.ts';
import { type RunningService, type Service, type ServiceContext, startService } from './service.ts';
import { storefront } from './storefront/service.ts';

export interface Shop {
  readonly storefront: string;
  readonly catalog: string;
  readonly orders: string;
  readonly payments: string;
  /** What the services have logged. */
  readonly log: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** All four services on free loopback ports of this process. `env` goes to each of them, and before what they would get. */
export async function startShop(env: Readonly<Record<string, string>> = {}): Promise<Shop> {
  const log: string[] = [];
  const running: RunningService[] = [];
  const start = async (name: string, build: (context: ServiceContext) => Service, more = {}) => {
    const write = (line: string) => void log.push(line);
    const service = await startService({ name, build, env: { ...more, ...env }, port: 0, write });
    running.unshift(service);
    return service.url;
  };
  const CATALOG_URL = await start('catalog', catalog);
  const PAYMENTS_URL = await start('payments', payments);
  const ORDERS_URL = await start('orders', orders, { CATALOG_URL, PAYMENTS_URL });
  const front = await start('storefront', storefront, { CATALOG_URL, ORDERS_URL });
  return {
    storefront: front,
    catalog: CATALOG_URL,
    orders: ORDERS_URL,
    payments: PAYMENTS_URL,
    log,
    async [Symbol.asyncDispose]() {
      for (const service of running) await service.stop(0);
    },
  };
}

/** A browser as far as a shop needs one: cookies, forms, redirects. */
export class Visitor {
  readonly #base: string;
  readonly #cookies = new Map<string, string>();
  readonly #headers: Readonly<Record<string, string>>;

  constructor(base: string, headers: Readonly<Record<string, string>> = {}) {
    this.#base = base;
    this.#headers = headers;
  }

  async open(path: string, form?: Readonly<Record<string, string>>) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(`${this.#base}${path}`, {
      redirect: 'manual',
      headers: { ...this.#headers, cookie },
      ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return { status: response.status, location: response.headers.get('location'), text: await response.text() };
  }
}
