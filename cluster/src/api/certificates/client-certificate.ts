import { X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { User } from '../types.ts';
import type { KeyPair } from './issue.ts';
import { certificateDays, day, issued, renewDays } from './pairs.ts';

export interface ClientCertificateOptions {
  /** Where it is kept: `FILE.crt` and `FILE.key`, which only the owner reads. */
  directory: string;
  file: string;
  authority: KeyPair;
  user: Pick<User, 'name' | 'groups'>;
  now(): Date;
}

/**
 * By which a client shows that it is this user. The answer is to be asked before each request: while the certificate is good it gives the same,
 * and makes another a quarter of a year before it ends. Rejects as `makeCertificates`.
 */
export function clientCertificate(options: ClientCertificateOptions): () => Promise<KeyPair> {
  const { directory, file, authority, user, now } = options;
  let current: { pair: Promise<KeyPair>; until: number } | undefined;

  async function make(): Promise<KeyPair> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const at = now();
    const request = {
      commonName: user.name,
      organizations: user.groups,
      usage: 'client' as const,
      notBefore: new Date(at.getTime() - 5 * 60_000),
      notAfter: new Date(at.getTime() + certificateDays * day),
    };
    const pair = await issued(directory, file, { request, signer: authority, now: at });
    const until = Date.parse(new X509Certificate(pair.cert).validTo) - renewDays * day;
    current = { pair: Promise.resolve(pair), until };
    return pair;
  }

  return async () => {
    if (current && now().getTime() <= current.until) return await current.pair;
    // One for all who ask meanwhile; who failed is asked again.
    const pair = make().catch((error) => {
      current = undefined;
      throw error;
    });
    current = { pair, until: Number.POSITIVE_INFINITY };
    return await pair;
  };
}
