import type { KubeClient } from '@berth/kube/client';
import { BerthError } from '@berth/kube/errors';
import { type KubeObject, resources, type Secret } from '@berth/kube/objects';
import { decodeJwt } from 'jose';
import pino from 'pino';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';
import { noteUses } from './token-secrets.ts';

const namespace = 'default';
let server: TestApi;
let admin: KubeClient;

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client({ name: 'root', groups: ['system:masters'] });
});
afterAll(async () => await server[Symbol.asyncDispose]());

const account = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace },
});

function secretFor(name: string, of: string, rest: Partial<Secret> = {}): Secret {
  const annotations = { 'kubernetes.io/service-account.name': of };
  const metadata = { name, namespace, annotations };
  return { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token', metadata, ...rest };
}

const read = (name: string) => admin.get(resources.secrets, { namespace, name });
const text = (secret: Secret, field: string) => Buffer.from(secret.data?.[field] ?? '', 'base64').toString();

async function filled(name: string): Promise<Secret> {
  await expect.poll(async () => (await read(name)).data?.token).toBeTruthy();
  return await read(name);
}

/** Whom the server takes the bearer of the token for; its answer's code when for nobody. */
async function whoIs(token: string): Promise<string | number> {
  const dispatcher = new Agent({ connect: { ca: server.certificates.authority.cert } });
  try {
    const response = await fetch(`${server.url}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
      dispatcher,
    });
    const body = (await response.json()) as { status?: { userInfo?: { username?: string } } };
    return response.ok ? (body.status?.userInfo?.username ?? '') : response.status;
  } finally {
    await dispatcher.close();
  }
}

test('a secret that asks for a token gets one that does not expire, the authority and the namespace', async () => {
  const { metadata } = await admin.create(resources.serviceAccounts, account('robot'));
  await admin.create(resources.secrets, secretFor('robot-token', 'robot'));
  const secret = await filled('robot-token');
  expect(text(secret, 'ca.crt')).toBe(server.certificates.authority.cert);
  expect(text(secret, 'namespace')).toBe(namespace);
  expect(secret.metadata.annotations?.['kubernetes.io/service-account.uid']).toBe(metadata.uid);
  expect(decodeJwt(text(secret, 'token'))).toEqual({
    iss: 'kubernetes/serviceaccount',
    sub: 'system:serviceaccount:default:robot',
    'kubernetes.io/serviceaccount/namespace': 'default',
    'kubernetes.io/serviceaccount/secret.name': 'robot-token',
    'kubernetes.io/serviceaccount/service-account.name': 'robot',
    'kubernetes.io/serviceaccount/service-account.uid': metadata.uid,
  });
  expect(await whoIs(text(secret, 'token'))).toBe('system:serviceaccount:default:robot');
});

test('its use is noted in the secret', async () => {
  const day = async () => (await read('robot-token')).metadata.labels?.['kubernetes.io/legacy-token-last-used'];
  await expect.poll(day).toMatch(/^\d{4}-\d\d-\d\d$/);
});

test('a day’s uses of one token are noted once, also when that fails', async () => {
  let time = Date.parse('2026-01-01T12:00:00Z');
  const asked: string[] = [];
  const patch = (_resource: unknown, { name }: { name: string }) => {
    asked.push(name);
    const code = name === 'gone' ? 'NotFound' : 'Forbidden';
    return Promise.reject(new BerthError(code, 'not now'));
  };
  const warned: unknown[] = [];
  const logger = pino({ base: null }, { write: (line) => void warned.push(JSON.parse(line)) });
  const used = noteUses({ client: { patch } as never, now: () => new Date(time), logger });
  const secrets = ['held', 'gone'].map((name) =>
    secretFor(name, 'robot', { metadata: { name, namespace, uid: name } }),
  );
  for (const secret of [...secrets, ...secrets]) used(secret);
  time += 86_400_000;
  for (const secret of secrets) used(secret);
  expect(asked).toEqual(['held', 'gone', 'held', 'gone']);
  const about = { namespace, name: 'held', msg: 'the use of a token could not be noted' };
  await expect.poll(() => warned).toMatchObject([about, about]);
});

test('what was taken out of the secret comes back, and with it another token', async () => {
  const before = text(await read('robot-token'), 'token');
  const body = [{ op: 'replace' as const, path: '/data', value: { mine: 'eQ==' } }];
  await admin.patch(resources.secrets, { namespace, name: 'robot-token' }, { type: 'json', body });
  const secret = await filled('robot-token');
  expect(secret.data?.mine).toBe('eQ==');
  expect(text(secret, 'ca.crt')).toBe(server.certificates.authority.cert);
  // The same claims of the same key, signed anew; what the secret no longer holds is nobody's.
  expect(text(secret, 'token')).not.toBe(before);
  expect(await whoIs(before)).toBe(401);
  expect(await whoIs(text(secret, 'token'))).toBe('system:serviceaccount:default:robot');
});

test('a token that is marked as invalid is nobody’s', async () => {
  const labels = { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' };
  const key = { namespace, name: 'robot-token' };
  await admin.patch(resources.secrets, key, { type: 'merge', body: { metadata: { labels } } });
  expect(await whoIs(text(await read('robot-token'), 'token'))).toBe(401);
});

test('a secret goes with its account, and its token is nobody’s at once', async () => {
  await admin.create(resources.serviceAccounts, account('leaving'));
  await admin.create(resources.secrets, secretFor('leaving-token', 'leaving'));
  const token = text(await filled('leaving-token'), 'token');
  await admin.delete(resources.serviceAccounts, { namespace, name: 'leaving' });
  expect(await whoIs(token)).toBe(401);
  await expect.poll(() => read('leaving-token').catch(({ code }) => code)).toBe('NotFound');
});

test('a secret for nobody, or for another account of that name, is removed', async () => {
  await admin.create(resources.secrets, secretFor('orphan', 'nobody'));
  await expect.poll(() => read('orphan').catch(({ code }) => code)).toBe('NotFound');
  const other = secretFor('other', 'robot');
  other.metadata.annotations = { ...other.metadata.annotations, 'kubernetes.io/service-account.uid': 'another' };
  await admin.create(resources.secrets, other);
  await expect.poll(() => read('other').catch(({ code }) => code)).toBe('NotFound');
});
