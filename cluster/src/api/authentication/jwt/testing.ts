import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { makeCertificates } from '../../certificates/certificates.ts';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

/** An issuer of tokens with a server of its own, for tests. */
export interface TestIssuer extends AsyncDisposable {
  url: string;
  /** PEM. */
  authority: string;
  /** By their names: what the issuer publishes. */
  keys: Map<string, Pair>;
  /** How often its keys were fetched. */
  fetches: number;
  /** Whether it answers. */
  isUp: boolean;
  newKey(kid: string): Promise<Pair>;
  /** A token for jane that is good for an hour, but for what is said otherwise. */
  token(claims?: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: Pair): Promise<string>;
}

export async function startTestIssuer(): Promise<TestIssuer> {
  const directory = await mkdtemp(path.join(tmpdir(), 'berth-issuer-'));
  const { serving, authority } = await makeCertificates(directory);
  const keys = new Map<string, Pair>();
  const server = createServer({ key: serving.key, cert: serving.cert }, async (request, response) => {
    if (!issuer.isUp) return void response.writeHead(503).end();
    const isKeys = request.url === '/keys';
    if (isKeys) issuer.fetches++;
    const all = [...keys].map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid, alg: 'ES256' }));
    const document = isKeys ? { keys: await Promise.all(all) } : { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: TestIssuer = {
    ...{ url, authority: authority.cert, keys, fetches: 0, isUp: true },
    async newKey(kid) {
      const pair = await generateKeyPair('ES256', { extractable: true });
      keys.set(kid, pair);
      return pair;
    },
    async token(claims = {}, header = {}, key = keys.get(header.kid ?? 'one') as Pair) {
      const seconds = Math.floor(Date.now() / 1000);
      const all = { iss: url, aud: 'berth', sub: 'jane', iat: seconds, exp: seconds + 3600, ...claims };
      return await new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid: 'one', ...header }).sign(key.privateKey);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
  await issuer.newKey('one');
  return issuer;
}
