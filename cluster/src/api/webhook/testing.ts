import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issueCertificate, makeAuthority } from '../certificates/issue.ts';

/** What a webhook of a test answers: a value as JSON, or the request taken over. */
export type TestHandler = (body: unknown, request: IncomingMessage, response: ServerResponse) => unknown;

/** A webhook on a free port of the loopback address, with an authority of its own. */
export interface TestWebhook extends AsyncDisposable {
  port: number;
  /** `https://127.0.0.1:port`. */
  url: string;
  /** PEM of its authority in base64, for a `clientConfig`. */
  caBundle: string;
  /** Paths that were asked for, in order. */
  readonly paths: string[];
}

/** `names` are those of its certificate, beside 127.0.0.1. */
export async function startTestWebhook(handler: TestHandler, names: readonly string[] = []): Promise<TestWebhook> {
  const notBefore = new Date(Date.now() - 60_000);
  const notAfter = new Date(Date.now() + 3_600_000);
  const authority = await makeAuthority('webhook authority', notBefore, notAfter);
  const { cert, key } = await issueCertificate(authority, {
    commonName: 'webhook',
    usage: 'server',
    names: ['localhost', ...names],
    addresses: ['127.0.0.1'],
    notBefore,
    notAfter,
  });
  const paths: string[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    paths.push(request.url ?? '');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const text = Buffer.concat(chunks).toString();
      const answer = await handler(text === '' ? undefined : JSON.parse(text), request, response);
      if (answer === undefined || response.headersSent) return;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    caBundle: Buffer.from(authority.cert).toString('base64'),
    paths,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
