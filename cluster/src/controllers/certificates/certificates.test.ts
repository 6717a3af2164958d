import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CertificateSigningRequest } from '@berth/kube/objects';
import { type Action, fixedView } from '@berth/kube/reconcile';
import { goldenTests } from '@berth/kube/reconcile/golden';
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { describe, expect, onTestFinished, test } from 'vitest';
import { certificateSigner, makeCertificates } from '../../api/index.ts';
import { certificateCleaner, certificateSigningController } from './index.ts';

const now = Date.parse('2030-01-01T00:00:00Z');

describe('the cleaner', () => goldenTests(`${import.meta.dirname}/golden`, certificateCleaner));

interface Wish {
  subject?: string;
  dnsNames?: string[];
  emails?: string[];
  rsa?: boolean;
}

async function pem({ subject = 'CN=jane, O=dev', dnsNames = [], emails = [], rsa = false }: Wish): Promise<string> {
  const hash = 'SHA-256';
  const signingAlgorithm = rsa ? { name: 'RSASSA-PKCS1-v1_5', hash } : { name: 'ECDSA', hash };
  const algorithm = rsa
    ? { ...signingAlgorithm, publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 }
    : { ...signingAlgorithm, namedCurve: 'P-256' };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...emails.map((value) => ({ type: 'email' as const, value })),
  ];
  const extensions = names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : [];
  const request = await Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm, extensions });
  return request.toString('pem');
}

function csr(request: string, spec: object, conditions: string[] = ['Approved']): CertificateSigningRequest {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'request', uid: 'u' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      ...spec,
    },
    status: { conditions: conditions.map((type) => ({ type, status: 'True', reason: 'Test' })) },
  };
}

async function authority() {
  const directory = await mkdtemp(path.join(tmpdir(), 'berth-signer-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return (await makeCertificates(directory, { now: () => new Date(now) })).authority;
}

/** What the controller does about a request: nothing, or the status that it writes. */
async function signed(request: CertificateSigningRequest, ca: Awaited<ReturnType<typeof authority>>) {
  const controller = certificateSigningController(certificateSigner(ca));
  const { actions } = controller.reconcile(request, fixedView([]), now);
  const answers = await Promise.all(
    actions.map((action): Promise<readonly Action[]> => {
      if (action.type !== 'ask') throw new Error(`unexpected ${action.type}`);
      return action.answer();
    }),
  );
  return answers.flat().map((action) => {
    if (action.type !== 'patch' || action.patch.type !== 'merge') throw new Error(`unexpected ${action.type}`);
    return (action.patch.body as { status: { certificate?: string; conditions?: object[] } }).status;
  });
}

test('an approved request becomes a certificate of its own name, key and usages', async () => {
  const ca = await authority();
  for (const rsa of [false, true]) {
    const request = await pem({ rsa });
    const usages = ['client auth', 'digital signature'];
    const [status] = await signed(csr(request, { usages, expirationSeconds: 3600 }), ca);
    const certificate = new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64'));
    expect(certificate.verify(new X509Certificate(ca.cert).publicKey)).toBe(true);
    expect(certificate.subject.split('\n').sort()).toEqual(['CN=jane', 'O=dev']);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.publicKey.asymmetricKeyType).toBe(rsa ? 'rsa' : 'ec');
    expect(Date.parse(certificate.validFrom)).toBe(now - 5 * 60_000);
    expect(Date.parse(certificate.validTo)).toBe(now + 3600_000);
  }
});

test('a life of a year at most, which counts from where it is dated back to, and never beyond the authority', async () => {
  const ca = await authority();
  const end = async (expirationSeconds?: number) => {
    const [status] = await signed(csr(await pem({}), expirationSeconds === undefined ? {} : { expirationSeconds }), ca);
    return Date.parse(new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64')).validTo);
  };
  const year = 365 * 24 * 3600_000;
  expect(await end()).toBe(now + year - 5 * 60_000);
  expect(await end(10 * 365 * 24 * 3600)).toBe(now + year - 5 * 60_000);
  expect(await end(60)).toBe(now + 10 * 60_000);
});

test('what is undecided, denied, failed, signed or for another signer is left alone', async () => {
  const ca = await authority();
  const request = await pem({});
  expect(await signed(csr(request, {}, []), ca)).toEqual([]);
  expect(await signed(csr(request, {}, ['Approved', 'Denied']), ca)).toEqual([]);
  expect(await signed(csr(request, {}, ['Approved', 'Failed']), ca)).toEqual([]);
  for (const signerName of ['example.com/mine', 'kubernetes.io/legacy-unknown', 'constructor']) {
    expect(await signed(csr(request, { signerName }), ca)).toEqual([]);
  }
  expect(await signed({ ...csr(request, {}), status: { certificate: 'c2lnbmVk' } }, ca)).toEqual([]);
});

test.each([
  ['kube-apiserver-client', {}, ['server auth'], 'invalid usage for client certificate: server auth'],
  ['kube-apiserver-client', {}, ['digital signature'], 'missing required usage for client certificate: client auth'],
  ['kube-apiserver-client-kubelet', {}, ['client auth'], 'subject organization is not system:nodes'],
  [
    'kube-apiserver-client-kubelet',
    { subject: 'CN=system:node:a, O=system:nodes', dnsNames: ['a'] },
    ['client auth'],
    'DNS subjectAltNames are not allowed',
  ],
  [
    'kube-apiserver-client-kubelet',
    { subject: 'CN=a, O=system:nodes' },
    ['client auth'],
    'subject common name does not begin with system:node:',
  ],
  [
    'kubelet-serving',
    { subject: 'CN=system:node:a, O=system:nodes' },
    ['server auth'],
    'DNS or IP subjectAltName is required',
  ],
  [
    'kubelet-serving',
    { subject: 'CN=system:node:a, O=system:nodes', dnsNames: ['a'], emails: ['a@b.example'] },
    ['server auth'],
    'Email subjectAltNames are not allowed',
  ],
  [
    'kubelet-serving',
    { subject: 'CN=system:node:a, O=system:nodes', dnsNames: ['a'] },
    ['server auth'],
    'usages did not match [digital signature key encipherment server auth]',
  ],
])('%s refuses what does not meet its terms (%#)', async (signer, wish, usages, message) => {
  const request = csr(await pem(wish), { signerName: `kubernetes.io/${signer}`, usages });
  expect(await signed(request, await authority())).toMatchObject([
    { conditions: [{ type: 'Approved' }, { type: 'Failed', reason: 'SignerValidationFailure', message }] },
  ]);
});

test('a node that names itself gets its certificates', async () => {
  const ca = await authority();
  const subject = 'O=system:nodes, CN=system:node:a';
  const serving = csr(await pem({ subject, dnsNames: ['a'] }), {
    signerName: 'kubernetes.io/kubelet-serving',
    usages: ['digital signature', 'server auth'],
  });
  const [status] = await signed(serving, ca);
  const certificate = new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64'));
  expect(certificate.subjectAltName).toBe('DNS:a');
  const client = csr(await pem({ subject }), {
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
  });
  expect(await signed(client, ca)).toMatchObject([{ certificate: expect.any(String) }]);
});

test('a request that somebody else signed is refused', async () => {
  const { read } = certificateSigner(await authority());
  const [one, other] = [await pem({}), await pem({})];
  const der = (text: string) => Buffer.from(text.replace(/-----.*-----|\s/g, ''), 'base64');
  const mixed = Buffer.concat([der(one).subarray(0, -20), der(other).subarray(-20)]).toString('base64');
  const text = `-----BEGIN CERTIFICATE REQUEST-----\n${mixed}\n-----END CERTIFICATE REQUEST-----\n`;
  await expect(read(text)).rejects.toThrow();
  await expect(read('nothing')).rejects.toThrow('PEM block type must be CERTIFICATE REQUEST');
});
