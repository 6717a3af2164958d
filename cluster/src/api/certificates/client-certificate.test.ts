import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clientOver, connect } from '@berth/kube/client';
import type { KubeObject, Resource } from '@berth/kube/objects';
import { expect, onTestFinished, test } from 'vitest';
import { nodeUser } from '../authorization/node/index.ts';
import { startTestApi } from '../testing.ts';
import { clientCertificate } from './client-certificate.ts';

const day = 24 * 3600 * 1000;
const selfReviews: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  resource: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  namespaced: false,
};

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'berth-client-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return path.join(made, 'pki');
}

test('a client goes on with a new certificate before its own ends, without a new start', async () => {
  await using server = await startTestApi();
  const { authority } = server.certificates;
  const directory = await folder();
  let now = Date.now() - 300 * day;
  const options = { directory, file: 'kubelet-client', authority, user: nodeUser('n1'), now: () => new Date(now) };
  const certificate = clientCertificate(options);
  const connection = connect({
    server: server.url,
    userAgent: 'kubelet',
    credentials: async () => ({ ca: authority.cert, ...(await certificate()) }),
  });
  const client = clientOver(connection, server.url);
  onTestFinished(() => client.close());
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: { name: '' } };
  const shown = async () => {
    const { status } = await client.create(selfReviews, review as KubeObject);
    const { userInfo } = status as {
      userInfo: { username: string; groups: string[]; extra: Record<string, string[]> };
    };
    expect(userInfo).toMatchObject({ username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] });
    return userInfo.extra['authentication.kubernetes.io/credential-id'];
  };
  const first = await shown();
  expect(await shown()).toEqual(first);
  now += 100 * day;
  expect(await shown()).toEqual(first);
  now += 200 * day;
  const [second] = await Promise.all([shown(), shown()]);
  expect(second).not.toEqual(first);
  expect(await shown()).toEqual(second);
  // The next start finds what this one made.
  expect(await clientCertificate(options)()).toEqual(await certificate());
  const kept = new X509Certificate(await readFile(path.join(directory, 'kubelet-client.crt')));
  expect(Date.parse(kept.validTo) - now).toBeGreaterThan(360 * day);
  expect((await stat(path.join(directory, 'kubelet-client.key'))).mode & 0o777).toBe(0o600);
});

test('who could not be given one asks again', async () => {
  await using server = await startTestApi();
  const { authority } = server.certificates;
  const directory = await folder();
  const damaged = { ...authority, key: 'junk' };
  const options = { directory, file: 'x', authority: damaged, user: nodeUser('n1'), now: () => new Date() };
  const certificate = clientCertificate(options);
  await expect(certificate()).rejects.toThrow();
  damaged.key = authority.key;
  expect((await certificate()).cert).toContain('BEGIN CERTIFICATE');
});
