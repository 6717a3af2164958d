import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { writeWhole } from '../../write-whole.ts';
import type { Issue, KeyPair } from './issue.ts';

export interface Certificates {
  /** Signs the two below; clients trust it, and client certificates it signed are users. */
  authority: KeyPair;
  serving: KeyPair;
  /** CN `kubernetes-admin`, O `system:masters`. */
  admin: KeyPair;
  /** How the server shows aggregated API servers that it may name users: signed by an authority of its own. */
  frontProxy: KeyPair & { authority: string };
  serviceAccountKey: { privateKey: string; publicKey: string };
}

export interface CertificateOptions {
  /** Names and addresses that the server is reached at, beside localhost and the cluster's own names. */
  names?: readonly string[];
  now?: () => Date;
}

const day = 24 * 3600 * 1000;
const authorityDays = 3650;
const certificateDays = 365;
/** What ends within this time is made anew at the next start. */
const renewDays = 90;
const clusterNames = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

/**
 * The certificates of a cluster, kept in `directory` (PEM files, keys readable by the owner only): made at the first
 * call, read at later ones, renewed in time or when a name is missing. The authority and the signing key stay.
 * Throws a `BerthError` that names the file when one is damaged.
 */
export async function makeCertificates(directory: string, options: CertificateOptions = {}): Promise<Certificates> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const now = (options.now ?? (() => new Date()))();
  const notBefore = new Date(now.getTime() - 5 * 60_000);
  const until = (days: number) => new Date(now.getTime() + days * day);
  const authorityOf = async (file: string, commonName: string) =>
    (await readPair(directory, file)) ??
    (await writePair(directory, file, async ({ makeAuthority }) =>
      makeAuthority(commonName, notBefore, until(authorityDays)),
    ));
  const authority = await authorityOf('ca', 'berth-ca');
  // Another one, so that no client certificate of the cluster lets its owner speak for others.
  const frontProxyAuthority = await authorityOf('front-proxy-ca', 'berth-front-proxy-ca');

  const wanted = [...clusterNames, '127.0.0.1', '::1', ...(options.names ?? [])];
  const names = [...new Set(wanted.filter((name) => isIP(name) === 0))];
  const addresses = [...new Set(wanted.filter((name) => isIP(name) !== 0))];
  const validity = { notBefore, notAfter: until(certificateDays) };
  const issue = (file: string, request: Request, signer = authority) =>
    issued(directory, file, { request: { ...request, ...validity }, signer, now });
  const frontProxy = { commonName: 'front-proxy-client', usage: 'client' } as const;
  return {
    authority,
    serving: await issue('serving', { commonName: 'kube-apiserver', usage: 'server', names, addresses }),
    admin: await issue('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'], usage: 'client' }),
    frontProxy: {
      ...(await issue('front-proxy-client', frontProxy, frontProxyAuthority)),
      authority: frontProxyAuthority.cert,
    },
    serviceAccountKey: await signingKey(directory),
  };
}

/**
 * The certificate by which the agent of a node shows that it is the node, kept in `directory` and renewed at a start in time, or when its
 * addresses change. Throws as `makeCertificates`.
 */
export async function makeNodeCertificate(
  directory: string,
  authority: KeyPair,
  { node, names, now }: { node: string; names: readonly string[]; now: Date },
): Promise<KeyPair> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const request: Issue = {
    commonName: `system:node:${node}`,
    organizations: ['system:nodes'],
    usage: 'server',
    names: names.filter((name) => isIP(name) === 0),
    addresses: names.filter((name) => isIP(name) !== 0),
    notBefore: new Date(now.getTime() - 5 * 60_000),
    notAfter: new Date(now.getTime() + certificateDays * day),
  };
  return await issued(directory, 'kubelet', { request, signer: authority, now });
}

type Request = Omit<Issue, 'notBefore' | 'notAfter'>;

/** What is kept, while it is good; else one made anew. */
async function issued(
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

async function readPair(directory: string, name: string): Promise<KeyPair | undefined> {
  const cert = await readOptional(path.join(directory, `${name}.crt`));
  const key = await readOptional(path.join(directory, `${name}.key`));
  if (cert === undefined || key === undefined) return undefined;
  const certificate = read(path.join(directory, `${name}.crt`), 'a certificate', () => new X509Certificate(cert));
  const file = path.join(directory, `${name}.key`);
  const privateKey = read(file, 'a private key', () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) throw damaged(file, `the key of ${name}.crt`);
  return { cert, key };
}

function read<T>(file: string, what: string, reading: () => T): T {
  try {
    return reading();
  } catch (cause) {
    throw damaged(file, what, cause);
  }
}

function damaged(file: string, what: string, cause?: unknown): BerthError {
  return new BerthError('InternalError', `${file} is not ${what}: remove it, and it is made anew`, { cause });
}

async function writePair(
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

async function signingKey(directory: string): Promise<Certificates['serviceAccountKey']> {
  const privateFile = path.join(directory, 'service-accounts.key');
  const publicFile = path.join(directory, 'service-accounts.pub');
  const privateKey = await readOptional(privateFile);
  const publicKey = await readOptional(publicFile);
  if (privateKey !== undefined && publicKey !== undefined) {
    const own = createPublicKey(read(privateFile, 'a private key', () => createPrivateKey(privateKey)));
    const known = read(publicFile, 'a public key', () => createPublicKey(publicKey));
    if (!known.equals(own)) throw damaged(publicFile, 'the public half of service-accounts.key');
    return { privateKey, publicKey };
  }
  const { makeSigningKey } = await import('./issue.ts');
  const made = await makeSigningKey();
  await writeWhole(privateFile, made.privateKey, 0o600);
  await writeWhole(publicFile, made.publicKey, 0o644);
  return made;
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
