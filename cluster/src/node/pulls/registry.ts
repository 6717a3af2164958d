import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A registry for tests on the loopback: one image under every name, to those who say who they are. */
export interface TestRegistry extends AsyncDisposable {
  url: string;
  /** What was asked for and given, in order: `ann GET /v2/team/app/manifests/1`. */
  given: string[];
}

export interface TestRegistryOptions {
  /** An OCI image layout in a tar file, as `buildImage` writes it. */
  archive: string;
  /** Where it is unpacked. */
  directory: string;
  /** Passwords by name. */
  users: Readonly<Record<string, string>>;
  /** `bearer`: a token for a name and password, as the distribution specification's token server gives it. */
  authentication: 'basic' | 'bearer';
  tls?: { cert: string; key: string };
}

/** Answers reads of the distribution API. Source: OCI distribution-spec 1.1, "Pull"; distribution's "Token Authentication Specification". */
export async function startRegistry(options: TestRegistryOptions): Promise<TestRegistry> {
  const { directory, users, authentication, tls } = options;
  await mkdir(directory, { recursive: true });
  await run('tar', ['-xf', options.archive, '-C', directory]);
  const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8'));
  const manifest: { digest: string; mediaType: string } = index.manifests[0];
  const tokens = new Map<string, string>();
  const given: string[] = [];
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function listener(request: IncomingMessage, response: ServerResponse): void {
    answer(request, response).catch(() => response.writeHead(500).end());
  }

  function basicUser({ headers }: IncomingMessage): string | undefined {
    const text = /^Basic (.+)$/.exec(headers.authorization ?? '')?.[1];
    const [name = '', password] = text ? Buffer.from(text, 'base64').toString().split(/:(.*)/s) : [];
    return name !== '' && users[name] === password ? name : undefined;
  }

  function userOf(request: IncomingMessage): string | undefined {
    if (authentication === 'basic') return basicUser(request);
    return tokens.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace(/\?.*$/, '');
    if (path === '/token') {
      const user = basicUser(request);
      if (!user) return void response.writeHead(401).end();
      const token = randomBytes(16).toString('hex');
      tokens.set(token, user);
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token }));
    }
    const user = userOf(request);
    if (!user) {
      const challenge =
        authentication === 'basic' ? 'Basic realm="test"' : `Bearer realm="${url}/token",service="test"`;
      return void response
        .writeHead(401, { 'www-authenticate': challenge })
        .end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    }
    given.push(`${user} ${request.method} ${path}`);
    const [, kind, reference = ''] = /\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
    if (!kind) return void response.writeHead(200).end('{}');
    const digest = reference.startsWith('sha256:') ? reference : manifest.digest;
    const content = await readFile(join(directory, 'blobs', 'sha256', digest.replace('sha256:', ''))).catch(
      () => undefined,
    );
    if (!content || `sha256:${createHash('sha256').update(content).digest('hex')}` !== digest) {
      return void response.writeHead(404).end();
    }
    const type = kind === 'manifests' ? manifest.mediaType : 'application/octet-stream';
    const headers = { 'content-type': type, 'content-length': content.length, 'docker-content-digest': digest };
    response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : content);
  }

  return {
    url,
    given,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Leads a registry's name, whatever DNS says of it, to an address. `ca`: the file of the authority that signs for it. */
export async function leadTo(
  registries: string,
  name: string,
  { url, ca }: { url: string; ca?: string },
): Promise<void> {
  const directory = join(registries, name);
  await mkdir(directory, { recursive: true });
  const authority = ca === undefined ? '' : `  ca = ${JSON.stringify(ca)}\n`;
  const text = `server = "${url}"\n\n[host."${url}"]\n  capabilities = ["pull", "resolve"]\n${authority}`;
  await writeFile(join(directory, 'hosts.toml'), text);
}
