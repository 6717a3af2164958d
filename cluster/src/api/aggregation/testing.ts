import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import { issueCertificate, makeAuthority } from '../certificates/issue.ts';

/** A small aggregated API server on a free port of the loopback address, for tests. */
export interface TestExtension extends AsyncDisposable {
  port: number;
  /** PEM of its authority in base64, for an APIService. */
  caBundle: string;
  /** What it was asked, in order; `certificate` is the name of the client's. */
  readonly seen: { url: string; headers: IncomingHttpHeaders; certificate: string; body: string }[];
  /** Whether it answers 500 to everything. */
  isBroken: boolean;
}

interface ExtensionOptions {
  group: string;
  version: string;
  /** The name that its certificate bears. */
  host: string;
}

/** Serves discovery and OpenAPI of the group, two events of every watch, a word on WebSockets, and an echo otherwise. */
export async function startTestExtension({ group, version, host }: ExtensionOptions): Promise<TestExtension> {
  const [notBefore, notAfter] = [new Date(Date.now() - 60_000), new Date(Date.now() + 3_600_000)];
  const authority = await makeAuthority('extension authority', notBefore, notAfter);
  const request = { commonName: host, usage: 'server', names: [host], notBefore, notAfter } as const;
  const { cert, key } = await issueCertificate(authority, request);
  const documents = documentsOf(`${group}/${version}`);
  const server = createServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (asked, response) => {
    const chunks: Buffer[] = [];
    asked.on('data', (chunk: Buffer) => chunks.push(chunk));
    asked.on('end', () => {
      const { url = '', headers } = asked;
      const { subject } = (asked.socket as TLSSocket).getPeerCertificate();
      self.seen.push({ url, headers, certificate: String(subject?.CN), body: Buffer.concat(chunks).toString() });
      if (self.isBroken) response.writeHead(500).end();
      else answer(documents, asked, response);
    });
  });
  new WebSocketServer({ server }).on('connection', (socket, opened) => {
    socket.send(`${opened.url} ${opened.headers['x-remote-user']}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const self: TestExtension = {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(authority.cert).toString('base64'),
    seen: [],
    isBroken: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}

function answer(
  documents: Readonly<Record<string, object>>,
  { url = '', socket }: IncomingMessage,
  response: ServerResponse,
) {
  response.writeHead(200, { 'content-type': 'application/json' });
  if (!url.includes('watch=')) {
    response.end(JSON.stringify(documents[url] ?? { kind: 'Answered', url }));
    return;
  }
  response.write('{"type":"ADDED","object":{"n":1}}\n');
  response.write('{"type":"MODIFIED","object":{"n":2}}\n');
  socket.on('close', () => response.end());
}

function documentsOf(groupVersion: string): Record<string, object> {
  const verbs = ['get', 'list', 'watch'];
  const scale = { kind: 'Scale', group: 'autoscaling', version: 'v1' };
  return {
    [`/apis/${groupVersion}`]: {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion,
      resources: [
        { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs },
        { name: 'pods', singularName: 'pod', namespaced: true, kind: 'PodMetrics', verbs, shortNames: ['pm'] },
        { name: 'pods/scale', singularName: '', namespaced: true, ...scale, verbs },
      ],
    },
    '/openapi/v3': {
      paths: { [`apis/${groupVersion}`]: { serverRelativeURL: `/openapi/v3/apis/${groupVersion}?hash=ABC` } },
    },
  };
}
