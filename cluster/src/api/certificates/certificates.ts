import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { writeWhole } from '../../write-whole.ts';
import { nodeUser } from '../authorization/node/index.ts';
import type { Issue, KeyPair } from './issue.ts';
import {
  certificateDays,
  damaged,
  day,
  issued,
  type Request,
  read,
  readOptional,
  readPair,
  writePair,
} from './pairs.ts';

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

const authorityDays = 3650;
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
  const user = nodeUser(node);
  const request: Issue = {
    commonName: user.name,
    organizations: user.groups,
    usage: 'server',
    names: names.filter((name) => isIP(name) === 0),
    addresses: names.filter((name) => isIP(name) !== 0),
    notBefore: new Date(now.getTime() - 5 * 60_000),
    notAfter: new Date(now.getTime() + certificateDays * day),
  };
  return await issued(directory, 'kubelet', { request, signer: authority, now });
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
