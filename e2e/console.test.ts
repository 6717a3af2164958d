import AxeBuilder from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Berth,
  busyboxArchive,
  loadImage,
  openVisitor,
  openWire,
  startBerth,
  startBrowser,
  until,
  type Visitor,
} from './harness/index.ts';

const image = 'berth.local/talker:1';
const talk = 'n=0; trap exit TERM; while true; do n=$((n+1)); echo "line $n says hello"; sleep 0.2; done';

/** The console as people meet it: a browser on a running cluster. */
describe('the console', () => {
  let berth: Berth;
  let browser: Browser;

  beforeAll(async () => {
    browser = await startBrowser();
    berth = await startBerth();
    await loadImage(berth, () => busyboxArchive(image, { cmd: ['/bin/sh', '-c', talk] }));
  });
  afterAll(async () => {
    await browser?.close();
    await berth?.[Symbol.asyncDispose]();
  });

  const link = async () => (await berth.berth('console')).stdout.trim();
  const run = (name: string) => berth.kubectl('run', name, `--image=${image}`, '--image-pull-policy=Never');
  const signedIn = async (options: Parameters<typeof openVisitor>[1] = {}) => {
    const visitor = await openVisitor(browser, options);
    await visitor.visit(await link());
    return visitor;
  };

  it('is opened by a link that works once, and whose secret leaves no trace', async () => {
    await using first = await openVisitor(browser);
    const { signInLink } = berth.ready;
    const code = new URL(signInLink).hash.split('=')[1] ?? 'none';
    await first.visit(signInLink);
    await first.page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(first.page.url()).not.toContain(code);
    expect(first.requested.filter((url) => url.includes(code))).toEqual([]);
    const [cookie] = await first.context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict' });

    await using second = await openVisitor(browser);
    await second.visit(signInLink);
    await second.page.getByText('That link was used already or is too old.').waitFor();
    await second.page.getByText('berth console').waitFor();

    await first.page.getByRole('button', { name: 'Account' }).click();
    await first.page.getByRole('menuitem', { name: 'Sign out' }).click();
    await first.page.getByRole('heading', { name: 'Sign in to Berth' }).waitFor();
    expect(await first.context.cookies()).toEqual([]);
  });

  it('shows what objects and logs say as text, whatever they say', async () => {
    const trap = '<img src=x onerror="window.caught=true"><script>window.caught=true</script>';
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'hostile',
        annotations: { 'example.com/note': trap, 'example.com/link': 'javascript:caught=1' },
      },
      spec: {
        containers: [
          { name: 'c', image, imagePullPolicy: 'Never', command: ['/bin/sh', '-c', `echo '${trap}'; sleep 600`] },
        ],
        terminationGracePeriodSeconds: 0,
      },
    };
    expect((await berth.tryKubectl(['apply', '-f', '-'], JSON.stringify(pod))).stderr).toBe('');
    await berth.kubectl('wait', '--for=condition=Ready', 'pod/hostile', '--timeout=60s');
    await using visitor = await signedIn();
    const { page } = visitor;
    await visitor.visit(`${berth.ready.consoleUrl}/pods/default/hostile`);
    await page.getByText('example.com/note').first().waitFor();
    await page.getByRole('tab', { name: 'Logs' }).click();
    await page.getByText('onerror=').first().waitFor();
    await page.getByRole('tab', { name: 'YAML' }).click();
    await page.getByText('kind: Pod').first().waitFor();
    expect(await page.evaluate('window.caught')).toBeUndefined();
    expect(visitor.complaints).toEqual([]);
    await berth.kubectl('delete', 'pod', 'hostile');
  });

  it('shows a pod as it comes, runs and goes, without a reload', async () => {
    await using visitor = await signedIn();
    const { page } = visitor;
    await visitor.visit(`${berth.ready.consoleUrl}/pods?ns=default`);
    await page.evaluate('window.stillTheSamePage = true');
    await run('comes-and-goes');
    const row = page.getByRole('row', { name: /comes-and-goes/ });
    await berth.kubectl('wait', 'pod/comes-and-goes', '--for=condition=Ready', '--timeout=60s');
    await row.getByText('Running').waitFor();
    await row.click();
    await page
      .getByRole('complementary', { name: 'Details of comes-and-goes' })
      .getByText('Scheduled')
      .first()
      .waitFor();
    await berth.kubectl('delete', 'pod', 'comes-and-goes', '--wait=false');
    await row.waitFor({ state: 'detached' });
    expect(await page.evaluate('window.stillTheSamePage')).toBe(true);
    expect(visitor.complaints).toEqual([]);
  });

  it('reads a log: follows it, pauses without loss, searches it', async () => {
    await run('talker');
    await berth.kubectl('wait', 'pod/talker', '--for=condition=Ready', '--timeout=60s');
    await using visitor = await signedIn();
    const { page } = visitor;
    await visitor.visit(`${berth.ready.consoleUrl}/pods/default/talker?tab=logs`);
    const lines = page.getByRole('region', { name: 'Lines of the log' });
    // Only the lines in sight are in the page, and the first may have gone by.
    await lines
      .getByText(/^line \d+ says hello$/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    const resume = page.getByRole('button', { name: /Resume and show \d+ new lines/ });
    await resume.waitFor();
    const before = await lines.innerText();
    await resume.click();
    await until('new lines', async () => (await lines.innerText()) !== before);
    await page.getByRole('searchbox', { name: 'Search in the log' }).fill('LINE 3 says');
    await page.getByText('1 line', { exact: true }).waitFor();
    expect(await lines.locator('mark').innerText()).toBe('line 3 says');
    expect(visitor.complaints).toEqual([]);
  });

  it('says when it has lost the cluster, and catches up by itself', async () => {
    await using wire = await openWire(berth.ports.console);
    await using visitor = await openVisitor(browser);
    const { page } = visitor;
    const [, fragment] = (await link()).split('#');
    await visitor.visit(`https://127.0.0.1:${wire.port}/#${fragment}`);
    await visitor.visit(`https://127.0.0.1:${wire.port}/pods?ns=default`);
    await page.getByRole('row', { name: /talker/ }).waitFor();
    wire.cut();
    await page.getByText('Connection lost.', { exact: false }).waitFor();
    await run('meanwhile');
    wire.join();
    await page.getByRole('row', { name: /meanwhile/ }).waitFor();
    await page.getByText('Connection lost.', { exact: false }).waitFor({ state: 'detached' });
  });

  const everyPlace = [
    '/pods',
    '/pods?ns=default&sel=default/talker',
    '/pods/default/talker?tab=yaml',
    '/deployments?q=none',
    '/services/default/kubernetes',
    '/nodes',
    '/events',
    '/explorer',
    '/explorer/rbac.authorization.k8s.io/v1/clusterroles',
    '/nowhere-to-be-found/a/b',
  ];
  /** In both languages and themes; the others are shared out among them. */
  const mainPlaces = ['/pods/default/talker', '/pods/default/talker?tab=logs', '/services'];
  it.each([
    { locale: 'en-GB', dark: false, title: 'Overview', language: 'en', places: everyPlace.slice(0, 5) },
    { locale: 'zh-TW', dark: true, title: '總覽', language: 'zh-TW', places: everyPlace.slice(5) },
  ])('can be used by everyone: $locale, dark $dark', async ({ locale, dark, title, language, places }) => {
    await using visitor = await openVisitor(browser, { locale, dark });
    const { page } = visitor;
    await visitor.visit(berth.ready.consoleUrl);
    await expectNoViolations(visitor, 'sign-in');
    await visitor.visit(await link());
    await page.getByRole('heading', { name: title, level: 1 }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe(language);
    expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe(dark ? 'dark' : 'light');
    for (const place of [...mainPlaces, ...places]) {
      await visitor.visit(`${berth.ready.consoleUrl}${place}`);
      await expectNoViolations(visitor, place);
    }
    expect(visitor.complaints).toEqual([]);
  });

  async function expectNoViolations({ page }: Visitor, place: string): Promise<void> {
    // Rows glow for a moment when they change; colours are judged once they rest.
    await page.evaluate('Promise.allSettled(document.getAnimations().map((animation) => animation.finished))');
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    const found = violations.map(
      ({ id, nodes }) => `${place}: ${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`,
    );
    expect(found).toEqual([]);
  }
});
