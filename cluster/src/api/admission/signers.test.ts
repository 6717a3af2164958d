import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import type { CertificateSigningRequest, KubeObject, Resource } from '@berth/kube/objects';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

const requests: Resource<CertificateSigningRequest> = {
  group: 'certificates.k8s.io',
  version: 'v1',
  resource: 'certificatesigningrequests',
  kind: 'CertificateSigningRequest',
  namespaced: false,
};
const rbac = (resource: string, kind: string): Resource => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  resource,
  kind,
  namespaced: false,
});
const [client, ours] = ['kubernetes.io/kube-apiserver-client', 'example.com/ours'];

let server: TestApi;
const as = (name: string, groups: string[] = []) =>
  server.api.client({ name, groups: [...groups, 'system:authenticated'] });

/** Writes everything of requests, and may do `verbs` for `signers`. */
async function clerk(name: string, verbs: string[], signers: string[]): Promise<void> {
  const admin = as('root', ['system:masters']);
  const group = 'certificates.k8s.io';
  const everything = ['', '/approval', '/status'].map((part) => `certificatesigningrequests${part}`);
  const rules = [
    { apiGroups: [group], resources: everything, verbs: ['create', 'get', 'update', 'patch'] },
    ...(signers.length === 0 ? [] : [{ apiGroups: [group], resources: ['signers'], resourceNames: signers, verbs }]),
  ];
  const head = (kind: string): KubeObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name },
  });
  await admin.create(rbac('clusterroles', 'ClusterRole'), { ...head('ClusterRole'), rules });
  await admin.create(rbac('clusterrolebindings', 'ClusterRoleBinding'), {
    ...head('ClusterRoleBinding'),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
  });
}

async function requestOf(
  name: string,
  signerName: string,
  subject = 'CN=ada, O=makers',
): Promise<CertificateSigningRequest> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const made = await Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm });
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: { request: Buffer.from(made.toString('pem')).toString('base64'), signerName, usages: ['client auth'] },
  };
}

const approval = { type: 'Approved', status: 'True', reason: 'Test', message: '' };
const patch = (user: string, name: string, subresource: string, status: object) =>
  as(user).patch(requests, { name }, { type: 'merge', body: { status } }, { subresource });

beforeAll(async () => {
  server = await startTestApi();
  await clerk('nobody', [], []);
  await clerk('approver', ['approve'], [ours]);
  await clerk('domain', ['approve', 'sign'], ['example.com/*']);
});
afterAll(() => server[Symbol.asyncDispose]());

test('who may write requests approves one only with the right for its signer, or for all of its domain', async () => {
  await as('nobody').create(requests, await requestOf('one', ours));
  await as('nobody').create(requests, await requestOf('two', client));
  for (const [user, name, signer] of [
    ['nobody', 'one', ours],
    ['approver', 'two', client],
    ['domain', 'two', client],
  ] as const)
    await expect(patch(user, name, 'approval', { conditions: [approval] })).rejects.toMatchObject({
      code: 'Forbidden',
      message: `certificatesigningrequests.certificates.k8s.io "${name}" is forbidden: user not permitted to approve requests with signerName "${signer}"`,
    });
  await patch('approver', 'one', 'approval', { conditions: [approval] });
  await as('nobody').create(requests, await requestOf('three', ours));
  await patch('domain', 'three', 'approval', { conditions: [approval] });
});

test('who may write the status of requests signs one only with the right for its signer', async () => {
  await as('nobody').create(requests, await requestOf('signed', ours));
  await as('root', ['system:masters']).patch(
    requests,
    { name: 'signed' },
    { type: 'merge', body: { status: { conditions: [approval] } } },
    { subresource: 'approval' },
  );
  const { cert } = server.certificates.authority;
  const certificate = Buffer.from(cert).toString('base64');
  for (const user of ['nobody', 'approver'])
    await expect(patch(user, 'signed', 'status', { certificate })).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining(`user not permitted to sign requests with signerName "${ours}"`),
    });
  // What changes neither is no signing.
  await patch('nobody', 'signed', 'status', {});
  await patch('domain', 'signed', 'status', { certificate });
});

test('nobody asks for a certificate by which he would be of system:masters', async () => {
  const masters = 'CN=ada, O=makers, O=system:masters';
  await expect(as('nobody').create(requests, await requestOf('all', client, masters))).rejects.toMatchObject({
    code: 'Forbidden',
    message: `certificatesigningrequests.certificates.k8s.io "all" is forbidden: use of ${client} signer with system:masters group is not allowed`,
  });
  // Who signs for others gives no rights here.
  await as('nobody').create(requests, await requestOf('elsewhere', ours, masters));
});
