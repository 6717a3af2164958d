import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { Capability } from '../capability.ts';
import { browser, fakeUpstream, testPortal } from './portal.fixture.ts';

const empty = () => fakeUpstream((_request, response) => response.end('{}'));

describe('signing in', () => {
  it('opens a session once per link, in a cookie that scripts cannot read', async () => {
    await using api = await empty();
    await using portal = await testPortal(api.url);
    using page = browser(portal.url);
    const code = portal.signInLink().split('#signin=')[1];
    const body = JSON.stringify({ code });
    const first = await page.send('POST', '/berth/session', {}, body);
    expect(first.status).toBe(200);
    const [cookie = ''] = first.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^__Host-berth-\d+=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure$/);
    expect((await page.send('POST', '/berth/session', {}, body)).status).toBe(401);
    const session = await page.send('GET', '/berth/session', { cookie: cookie.split(';')[0] });
    expect(JSON.parse(session.body)).toMatchObject({ user: { name: 'admin' } });
    expect(portal.log()).not.toContain(code);
    expect(portal.log()).not.toContain(cookie.split(/[=;]/)[1]);
  });

  it('refuses a link after its lifetime, and a session after its idle and its absolute limit', async () => {
    await using api = await empty();
    let now = 0;
    await using portal = await testPortal(api.url, {
      now: () => now,
      limits: { codeLifetime: 1000, sessionIdle: 5000, sessionLifetime: 12_000 },
    });
    using page = browser(portal.url);
    const late = portal.signInLink();
    now = 1000;
    expect(await page.signIn(late)).toBe('');
    const cookie = await page.signIn(portal.signInLink());
    for (const [time, status] of [
      [5000, 200],
      [9000, 200],
      [12_999, 200],
      [13_000, 401],
    ] as const) {
      now = time;
      expect((await page.send('GET', '/berth/session', { cookie })).status).toBe(status);
    }
    const idle = await page.signIn(portal.signInLink());
    now = 18_000;
    expect((await page.send('GET', '/berth/info', { cookie: idle })).status).toBe(401);
  });

  it('says how to get a link to whoever has no session, and ends a session on request', async () => {
    await using api = await empty();
    await using portal = await testPortal(api.url);
    using page = browser(portal.url);
    const none = await page.send('GET', '/berth/session');
    expect([none.status, JSON.parse(none.body)]).toEqual([401, { signInCommand: 'berth link' }]);
    const cookie = await page.signIn(portal.signInLink());
    const out = await page.send('DELETE', '/berth/session', { cookie });
    expect(String(out.headers['set-cookie'])).toContain('Max-Age=0');
    expect((await page.send('GET', '/k8s/version', { cookie })).status).toBe(401);
    expect(api.seen).toHaveLength(0);
  });

  it('slows down whoever guesses', async () => {
    await using api = await empty();
    let now = 0;
    await using portal = await testPortal(api.url, {
      now: () => now,
      limits: { failedSignIns: { count: 3, window: 10_000 } },
    });
    using page = browser(portal.url);
    const guess = () => page.send('POST', '/berth/session', {}, '{"code":"guess"}');
    for (let round = 0; round < 3; round++) expect((await guess()).status).toBe(401);
    const slowed = await guess();
    expect([slowed.status, slowed.headers['retry-after']]).toEqual([429, '10']);
    now = 10_000;
    expect(await page.signIn(portal.signInLink())).not.toBe('');
  });
});

describe('the way to the Kubernetes API', () => {
  it('passes on the path and the query with the user’s rights, and nothing else of the browser', async () => {
    await using api = await fakeUpstream((_request, response) => {
      response.setHeader('set-cookie', 'pod=evil');
      response.setHeader('warning', '299 - "old"');
      response.end('{"items":[]}');
    });
    await using portal = await testPortal(api.url);
    using page = browser(portal.url);
    const cookie = await page.signIn(portal.signInLink());
    const answer = await page.send('GET', '/k8s/api/v1/pods?limit=5', {
      cookie,
      accept: 'application/json',
      'impersonate-user': 'root',
      authorization: 'Bearer mine',
      'x-forwarded-for': '10.0.0.1',
    });
    expect(answer.body).toBe('{"items":[]}');
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers.warning).toBe('299 - "old"');
    expect(api.seen[0]?.url).toBe('/api/v1/pods?limit=5');
    const { host: _host, ...headers } = api.seen[0]?.headers ?? {};
    expect(headers).toEqual({
      accept: 'application/json',
      authorization: 'Bearer for-admin',
      connection: 'keep-alive',
    });
  });

  it('streams a watch line by line and ends it upstream when the browser goes away', async () => {
    const ended = Promise.withResolvers<void>();
    const next = Promise.withResolvers<void>();
    await using api = await fakeUpstream((_request, response) => {
      response.write('{"type":"ADDED"}\n');
      void next.promise.then(() => response.write('{"type":"MODIFIED"}\n'));
      response.on('close', () => ended.resolve());
    });
    await using portal = await testPortal(api.url);
    using page = browser(portal.url);
    const cookie = await page.signIn(portal.signInLink());
    const stream = page.open('GET', '/k8s/api/v1/pods?watch=1', { cookie });
    const lines: string[] = [];
    for await (const chunk of stream.setEncoding('utf8')) {
      lines.push(String(chunk));
      if (lines.length === 2) break;
      next.resolve();
    }
    expect(lines).toEqual(['{"type":"ADDED"}\n', '{"type":"MODIFIED"}\n']);
    await ended.promise;
  });

  it('ends open watches when the user signs out', async () => {
    await using api = await fakeUpstream((_request, response) => void response.write('{}\n'));
    await using portal = await testPortal(api.url);
    using page = browser(portal.url);
    const cookie = await page.signIn(portal.signInLink());
    const stream = page.open('GET', '/k8s/api/v1/pods?watch=1', { cookie });
    const closed = new Promise<void>((resolve) => stream.on('close', resolve));
    stream.on('error', () => undefined);
    await new Promise((resolve) => stream.once('data', resolve));
    await page.send('DELETE', '/berth/session', { cookie });
    await closed;
  });

  it('answers 503 with a Status when the cluster is away', async () => {
    await using portal = await testPortal('http://127.0.0.1:1');
    using page = browser(portal.url);
    const cookie = await page.signIn(portal.signInLink());
    const answer = await page.send('GET', '/k8s/api/v1/pods', { cookie });
    expect([answer.status, JSON.parse(answer.body).reason]).toEqual([503, 'ServiceUnavailable']);
  });

  it('passes a WebSocket through for the console’s own origin alone', async () => {
    await using api = await empty();
    api.server.on('upgrade', (request, socket) => {
      api.seen.push(request);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n');
      socket.on('data', (bytes: Buffer) => socket.write(`echo ${bytes.toString()}`));
      socket.on('end', () => socket.end());
    });
    await using portal = await testPortal(api.url);
    using page = browser(portal.url);
    const cookie = await page.signIn(portal.signInLink());
    const handshake = (origin: string) =>
      `GET /k8s/api/v1/namespaces/a/pods/b/exec?command=sh HTTP/1.1\r\nHost: ${new URL(portal.url).host}\r\n` +
      `Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: ${origin}\r\nCookie: ${cookie}\r\n` +
      'Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Protocol: v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0\r\n\r\n';
    expect(await talk(portal.url, handshake('https://evil.example'))).toMatch(/^HTTP\/1.1 403/);
    expect(await talk(portal.url, handshake(portal.url), 'hello', 'echo hello')).toMatch(/^HTTP\/1.1 101/);
    expect(api.seen).toHaveLength(1);
    expect(api.seen[0]?.headers).toMatchObject({
      authorization: 'Bearer for-admin',
      'sec-websocket-protocol': 'v5.channel.k8s.io',
    });
    expect(api.seen[0]?.headers.cookie).toBeUndefined();
  });
});

describe('hostile requests', () => {
  it('refuses every path that could mean something else to the next server', async () => {
    await using api = await empty();
    await using portal = await testPortal(api.url);
    using page = browser(portal.url);
    const cookie = await page.signIn(portal.signInLink());
    const paths = [
      '/../berth-portal-outside.txt',
      '/..%2fberth-portal-outside.txt',
      '/assets/..%2f..%2fberth-portal-outside.txt',
      '/assets/%2e%2e/%2e%2e/berth-portal-outside.txt',
      '/assets\\..\\..\\berth-portal-outside.txt',
      '/k8s/api/../metrics',
      '/k8s/api/..%2fmetrics',
      '/k8s//api/v1/pods',
      '/k8s/api/v1/pods/%00',
      '/k8s/api/%zz',
    ];
    for (const path of paths) {
      const { status, body } = await page.send('GET', path, { cookie });
      expect([path, status]).toEqual([path, 400]);
      expect(body).not.toContain('secret of the machine');
    }
    for (const path of [
      '/k8s/metrics',
      '/k8s/logs',
      '/k8s',
      '/k8s/api/v1/namespaces/a/pods/b/proxy/x',
      '/assets/no.js',
    ]) {
      expect([path, (await page.send('GET', path, { cookie })).status]).toEqual([path, 404]);
    }
    expect(api.seen).toHaveLength(0);
  });

  it('refuses what another site makes the browser send', async () => {
    await using api = await empty();
    await using portal = await testPortal(api.url);
    using page = browser(portal.url);
    const cookie = await page.signIn(portal.signInLink());
    const foreign = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'x-berth-request': undefined },
    ];
    for (const headers of foreign) {
      const answer = await page.send('POST', '/k8s/api/v1/namespaces/a/pods', { cookie, ...headers }, '{}');
      expect([headers, answer.status]).toEqual([headers, 403]);
      expect((await page.send('DELETE', '/berth/session', { cookie, ...headers })).status).toBe(403);
    }
    expect(api.seen).toHaveLength(0);
    const own = await page.send('POST', '/k8s/api/v1/namespaces/a/pods', { cookie, origin: portal.url }, '{}');
    expect(own.status).toBe(200);
  });

  it('cuts off a body that is too large, and one that trickles', async () => {
    await using api = await empty();
    await using portal = await testPortal(api.url, { limits: { requestBody: 1000, requestTime: 300 } });
    using page = browser(portal.url);
    const cookie = await page.signIn(portal.signInLink());
    const large = await page.send('POST', '/k8s/api/v1/namespaces/a/pods', { cookie }, 'x'.repeat(2000));
    expect(large.status).toBe(413);
    const slow = page.open('POST', '/k8s/api/v1/namespaces/a/pods', { cookie });
    slow.write('{');
    const status = await new Promise((resolve) => slow.on('response', (headers) => resolve(headers[':status'])));
    expect(status).toBe(504);
    expect(api.seen).toHaveLength(0);
  });

  it('refuses a request with two lengths', async () => {
    await using api = await empty();
    await using portal = await testPortal(api.url);
    const smuggled =
      'POST /berth/session HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect(await talk(portal.url, smuggled)).toMatch(/^HTTP\/1.1 400/);
  });
});

describe('pages and routes', () => {
  it('serves the page under a policy without unsafe sources, and hashed files for good', async () => {
    await using api = await empty();
    await using portal = await testPortal(api.url);
    using page = browser(portal.url);
    const index = await page.send('GET', '/workloads/pods');
    const policy = String(index.headers['content-security-policy']);
    const nonce = /content="([^"]+)"/.exec(index.body)?.[1] ?? 'none';
    expect(policy).toContain(`'nonce-${nonce}'`);
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(index.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    expect(index.headers['strict-transport-security']).toBeUndefined();
    expect((await page.send('GET', '/')).body).not.toContain(nonce);
    const script = await page.send('GET', '/assets/main-abc.js', { 'accept-encoding': 'gzip, br' });
    expect(script.headers).toMatchObject({
      'content-encoding': 'br',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect(script.body).toBe('compressed');
    expect((await page.send('GET', '/assets/main-abc.js')).body).toBe('console.log(1)');
  });

  it('hands /berth/<capability>/… to the capability’s routes, for who is signed in', async () => {
    await using api = await empty();
    const capability: Capability = {
      name: 'monitoring',
      resources: [],
      permissions: [],
      start: async () => undefined,
      routes: [
        { method: 'GET', path: '/query', handle: async ({ response, url }) => void response.end(url.search) },
        {
          method: 'GET',
          path: '/broken',
          handle: async () => {
            throw new Error('password=hunter2');
          },
        },
      ],
    };
    const client = {} as never;
    await using portal = await testPortal(api.url, { capabilities: [capability], clientFor: () => client });
    using page = browser(portal.url);
    expect((await page.send('GET', '/berth/monitoring/query')).status).toBe(401);
    const cookie = await page.signIn(portal.signInLink());
    expect((await page.send('GET', '/berth/monitoring/query?q=up', { cookie })).body).toBe('?q=up');
    expect((await page.send('POST', '/berth/monitoring/query', { cookie })).status).toBe(405);
    expect((await page.send('GET', '/berth/monitoring/none', { cookie })).status).toBe(404);
    const broken = await page.send('GET', '/berth/monitoring/broken', { cookie });
    expect([broken.status, broken.body.includes('hunter2')]).toEqual([500, false]);
    const info = await page.send('GET', '/berth/info', { cookie });
    expect(JSON.parse(info.body)).toEqual({
      cluster: { name: 'test', version: 'v1.35.0' },
      user: { name: 'admin' },
      capabilities: ['monitoring'],
    });
  });

  it('says in one sentence when its port is taken', async () => {
    await using api = await empty();
    await using portal = await testPortal(api.url);
    const port = Number(new URL(portal.url).port);
    await expect(testPortal(api.url, { listen: { host: '127.0.0.1', port } })).rejects.toThrow(
      `the console cannot listen on 127.0.0.1:${port}: another program uses that port; choose another port`,
    );
  });
});

/** Speaks raw HTTP/1.1; resolves with all that was received when the other side ends or `until` has come. */
function talk(url: string, text: string, then?: string, until?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const options = { host: hostname, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
    const socket = connectTls(options, () => socket.write(text));
    let received = '';
    let sent = false;
    socket.on('data', (bytes) => {
      received += bytes.toString();
      if (then !== undefined && !sent && received.includes('\r\n\r\n')) {
        sent = true;
        socket.write(then);
      }
      if (until !== undefined && received.includes(until)) socket.destroy();
    });
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}
