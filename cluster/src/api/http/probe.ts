import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import https from 'node:https';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { startTestApi, type TestApi } from '../testing.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** Of the body, when it is one JSON document. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers of every kind
  json: any;
}

export interface Ask extends https.RequestOptions {
  body?: string | Buffer;
}

/** For tests: a server, and clients that may do what no proper client does. */
export interface Probe extends AsyncDisposable {
  server: TestApi;
  /** As the administrator, by HTTP/1.1, over connections that are kept. */
  send(path: string, ask?: Ask): Promise<Answer>;
  post(path: string, body: string | Buffer, type?: string): Promise<Answer>;
  /** A TLS connection on which nothing was said yet. */
  socket(protocols?: string[]): Promise<TLSSocket>;
  session(): ClientHttp2Session;
}

export async function probe(options: Parameters<typeof startTestApi>[0] = {}): Promise<Probe> {
  const server = await startTestApi(options);
  const { authority, admin } = server.certificates;
  const tls = { ca: authority.cert, cert: admin.cert, key: admin.key };
  const { port, hostname: host } = new URL(server.url);
  const agent = new https.Agent({ ...tls, keepAlive: true });
  const closing: (() => void)[] = [() => agent.destroy()];
  const send = (path: string, { body, ...rest }: Ask = {}) =>
    new Promise<Answer>((resolve, reject) => {
      // Not as a URL, which would be put in order first.
      const request = https.request({ agent, host, port, path, ...rest }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const { statusCode: status = 0, headers } = response;
          const isJson = String(headers['content-type']).startsWith('application/json') && !text.includes('}\n{');
          resolve({ status, headers, body: text, json: isJson && text !== '' ? JSON.parse(text) : undefined });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  return {
    server,
    send,
    post: (path, body, type = 'application/json') =>
      send(path, { method: 'POST', body, headers: { 'content-type': type } }),
    async socket(protocols = ['http/1.1']) {
      const socket = tlsConnect({ ...tls, host, port: Number(port), ALPNProtocols: protocols });
      socket.on('error', () => {});
      closing.push(() => socket.destroy());
      await once(socket, 'secureConnect');
      return socket;
    },
    session() {
      const session = connect(server.url, { ...tls, maxSendHeaderBlockLength: 1024 * 1024 });
      session.on('error', () => {});
      closing.push(() => session.destroy());
      return session;
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing) close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The status and the body that a stream of HTTP/2 gets. */
export async function answerOf(stream: ClientHttp2Stream): Promise<{ status: number; body: string }> {
  const [headers] = (await once(stream, 'response')) as [{ ':status'?: number }];
  let body = '';
  for await (const chunk of stream) body += String(chunk);
  return { status: headers[':status'] ?? 0, body };
}
