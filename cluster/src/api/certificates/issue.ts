import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM of a certificate and of its private key (PKCS #8). */
export interface KeyPair {
  cert: string;
  key: string;
}

export interface Issue {
  commonName: string;
  organizations?: readonly string[];
  usage: 'server' | 'client';
  names?: readonly string[];
  addresses?: readonly string[];
  notBefore: Date;
  notAfter: Date;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
}

function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

/** A key pair of ECDSA P-256 as PEM: PKCS #8 and SPKI. */
export async function makeSigningKey(): Promise<{ privateKey: string; publicKey: string }> {
  const keys = await generateKeys();
  const spki = await webcrypto.subtle.exportKey('spki', keys.publicKey);
  return { privateKey: await privatePem(keys), publicKey: PemConverter.encode(spki, 'PUBLIC KEY') };
}

/** A self-signed authority that may sign end certificates only. */
export async function makeAuthority(commonName: string, notBefore: Date, notAfter: Date): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: certificate.toString('pem'), key: await privatePem(keys) };
}

/** A certificate for a server or a client, signed by `authority`. */
export async function issueCertificate(authority: KeyPair, issue: Issue): Promise<KeyPair> {
  const issuer = new X509Certificate(authority.cert);
  const pkcs8 = PemConverter.decode(authority.key)[0] as ArrayBuffer;
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const keys = await generateKeys();
  const server = issue.usage === 'server';
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([server ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ];
  if (server) {
    extensions.push(
      new SubjectAlternativeNameExtension([
        ...(issue.names ?? []).map((value) => ({ type: 'dns' as const, value })),
        ...(issue.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
      ]),
    );
  }
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [
      ...(issue.organizations ?? []).map((organization) => ({ O: [organization] })),
      { CN: [issue.commonName] },
    ],
    issuer: issuer.subjectName.toJSON(),
    notBefore: issue.notBefore,
    notAfter: issue.notAfter,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions,
  });
  return { cert: certificate.toString('pem'), key: await privatePem(keys) };
}
