import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { writeWhole } from '../../write-whole.ts';
import type { Issue, KeyPair } from './issue.ts';

/** Pairs of certificates and keys that are kept as files. */

export const day = 24 * 3600 * 1000;
export const certificateDays = 365;
/** What ends within this time is made anew. */
export const renewDays = 90;

export type Request = Omit<Issue, 'notBefore' | 'notAfter'>;

/** What is kept, while it is good; else one made anew. */
export async function issued(
  directory: string,
  file: string,
  { request, signer, now }: { request: Issue; signer: KeyPair; now: Date },
): Promise<KeyPair> {
  const kept = await readPair(directory, file);
  if (kept && isGood(kept, signer, request, now)) return kept;
  return await writePair(directory, file, ({ issueCertificate }) => issueCertificate(signer, request));
}

function isGood(pair: KeyPair, authority: KeyPair, request: Request, now: Date): boolean {
  const certificate = new X509Certificate(pair.cert);
  const left = Date.parse(certificate.validTo) - now.getTime();
  if (left < renewDays * day || now.getTime() < Date.parse(certificate.validFrom)) return false;
  if (!certificate.verify(new X509Certificate(authority.cert).publicKey)) return false;
  return (
    (request.names ?? []).every((name) => certificate.checkHost(name) !== undefined) &&
    (request.addresses ?? []).every((address) => certificate.checkIP(address) !== undefined)
  );
}

export async function readPair(directory: string, name: string): Promise<KeyPair | undefined> {
  const cert = await readOptional(path.join(directory, `${name}.crt`));
  const key = await readOptional(path.join(directory, `${name}.key`));
  if (cert === undefined || key === undefined) return undefined;
  const certificate = read(path.join(directory, `${name}.crt`), 'a certificate', () => new X509Certificate(cert));
  const file = path.join(directory, `${name}.key`);
  const privateKey = read(file, 'a private key', () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) throw damaged(file, `the key of ${name}.crt`);
  return { cert, key };
}

export function read<T>(file: string, what: string, reading: () => T): T {
  try {
    return reading();
  } catch (cause) {
    throw damaged(file, what, cause);
  }
}

export function damaged(file: string, what: string, cause?: unknown): BerthError {
  return new BerthError('InternalError', `${file} is not ${what}: remove it, and it is made anew`, { cause });
}

export async function writePair(
  directory: string,
  name: string,
  make: (issuing: typeof import('./issue.ts')) => Promise<KeyPair>,
): Promise<KeyPair> {
  // Loaded only to make certificates: at most starts they are there already.
  const pair = await make(await import('./issue.ts'));
  await writeWhole(path.join(directory, `${name}.key`), pair.key, 0o600);
  await writeWhole(path.join(directory, `${name}.crt`), pair.cert, 0o644);
  return pair;
}

export async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
