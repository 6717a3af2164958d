import 'reflect-metadata';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PemConverter, X509CertificateGenerator } from '@peculiar/x509';
import { pino } from 'pino';
import { type PortalOptions, startPortal } from './index.ts';

/** A key and a certificate for 127.0.0.1, made on the spot. */
export async function testCertificate(): Promise<{ key: string; cert: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const cert = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=127.0.0.1',
    keys,
    signingAlgorithm: algorithm,
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: PemConverter.encode(key, 'PRIVATE KEY'), cert: cert.toString('pem') };
}

/** A stand-in for an API server: records what reaches it and answers as the test says. */
export async function fakeUpstream(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    seen,
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A portal over TLS on a free port, with a small built console, its log kept as text. */
export async function testPortal(server: string, options: Partial<PortalOptions> = {}) {
  const assetsDir = mkdtempSync(join(tmpdir(), 'berth-portal-'));
  mkdirSync(join(assetsDir, 'assets'));
  writeFileSync(join(assetsDir, 'index.html'), '<meta name="berth-nonce" content="__BERTH_NONCE__">');
  writeFileSync(join(assetsDir, 'assets/main-abc.js'), 'console.log(1)');
  writeFileSync(join(assetsDir, 'assets/main-abc.js.br'), 'compressed');
  writeFileSync(join(tmpdir(), 'berth-portal-outside.txt'), 'secret of the machine');
  let log = '';
  const logger = pino(
    { level: 'debug' },
    {
      write: (line: string) => {
        log += line;
      },
    },
  );
  const portal = await startPortal({
    listen: { host: '127.0.0.1', port: 0 },
    tls: await testCertificate(),
    connection: { server, credentials: async (user) => ({ authorization: `Bearer for-${user.name}` }) },
    assetsDir,
    capabilities: [],
    clientFor: () => {
      throw new Error('no client in this test');
    },
    cluster: { name: 'test', version: 'v1.35.0' },
    signInCommand: 'berth link',
    logger,
    now: Date.now,
    ...options,
  }).catch((error) => {
    rmSync(assetsDir, { recursive: true });
    throw error;
  });
  return {
    ...portal,
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      await portal.close();
      rmSync(assetsDir, { recursive: true });
      rmSync(join(tmpdir(), 'berth-portal-outside.txt'), { force: true });
    },
  };
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A browser's HTTP/2 connection; paths are sent exactly as written. */
export function browser(url: string) {
  const session = connectHttp2(url, { rejectUnauthorized: false });
  session.on('error', () => undefined);
  const open = (method: string, path: string, headers: OutgoingHttpHeaders = {}) =>
    session.request({ ':method': method, ':path': path, 'x-berth-request': '1', ...headers });
  const send = (method: string, path: string, headers: OutgoingHttpHeaders = {}, body?: string) =>
    new Promise<Answer>((resolve, reject) => {
      const stream = open(method, path, headers);
      let status = 0;
      let answered: Answer['headers'] = {};
      let text = '';
      stream.on('response', (got) => {
        status = Number(got[':status']);
        answered = { ...got } as Answer['headers'];
      });
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        text += chunk;
      });
      stream.on('end', () => resolve({ status, headers: answered, body: text }));
      stream.on('error', reject);
      stream.end(body);
    });
  /** Signs in by `link`; the cookie to send from then on. */
  const signIn = async (link: string): Promise<string> => {
    const code = link.split('#signin=')[1] ?? '';
    const answer = await send('POST', '/berth/session', {}, JSON.stringify({ code }));
    const [cookie = ''] = answer.headers['set-cookie'] ?? [];
    return cookie.split(';')[0] ?? '';
  };
  return { open, send, signIn, [Symbol.dispose]: () => session.destroy() };
}
