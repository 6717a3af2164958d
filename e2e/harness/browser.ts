import { existsSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { freePort } from './berth.ts';
import { until } from './until.ts';

const builtConsole = fileURLToPath(new URL('../../console/dist/index.html', import.meta.url));

/** Debian's Chromium, without a screen and without calls home. Rejects when there is no console to look at, which `npm test` builds. */
export async function startBrowser(): Promise<Browser> {
  if (!existsSync(builtConsole)) throw new Error('the console is not built: run "npm run build -w console" first');
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface Visitor extends AsyncDisposable {
  context: BrowserContext;
  page: Page;
  /** Whatever the page complained about: refused sources, broken scripts. */
  complaints: string[];
  /** Every address that was asked for. */
  requested: string[];
  /**
   * Goes to an address and waits for the page's title. Tries again when the machine's network changed meanwhile, as it
   * does with every pod that starts: Chromium then drops what is loading.
   */
  visit(url: string): Promise<void>;
}

export async function openVisitor(
  browser: Browser,
  options: { locale?: string; dark?: boolean } = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    locale: options.locale ?? 'en-GB',
    colorScheme: options.dark === true ? 'dark' : 'light',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requested: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The browser's own words for requests that failed; what they mean is the page's to show.
    const isNetwork = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isNetwork) complaints.push(message.text());
  });
  page.on('request', (request) => requested.push(request.url()));
  return {
    context,
    page,
    complaints,
    requested,
    visit: async (url) => {
      await until(`a page at ${url.split('#')[0]}`, async () => {
        await page.goto(url);
        await page.waitForSelector('h1', { timeout: 5000 });
        return true;
      });
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** A wire to a port of this machine that can be cut and joined again. */
export async function openWire(target: number) {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) return void near.destroy();
    const far = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const cut = () => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    cut,
    join: () => {
      whole = true;
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
