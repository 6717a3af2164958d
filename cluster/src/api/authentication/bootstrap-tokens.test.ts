import { resources, type Secret } from '@berth/kube/objects';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';
import { removeExpired } from './bootstrap-tokens.ts';

const day = 86_400_000;
let now = Date.parse('2026-11-30T12:00:00Z');
let server: TestApi;
beforeAll(async () => {
  server = await startTestApi({ now: () => new Date(now) });
});
afterAll(async () => await server[Symbol.asyncDispose]());

const [id, secret] = ['abcdef', '0123456789abcdef'];
const usual = {
  'token-id': id,
  'token-secret': secret,
  expiration: '2026-12-01T12:00:00Z',
  'usage-bootstrap-authentication': 'true',
  'auth-extra-groups': 'system:bootstrappers:workers',
};

async function keep(stringData: Record<string, string>, type = 'bootstrap.kubernetes.io/token') {
  const admin = server.api.client({ name: 'root', groups: ['system:masters'] });
  const key = { namespace: 'kube-system', name: `bootstrap-token-${id}` };
  await admin.delete(resources.secrets, key).catch(() => undefined);
  await admin.create(resources.secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: key,
    type,
    stringData,
  } as Secret);
}

/** Whom the server takes the bearer of a token for; the status of its answer when for nobody. */
async function whoIs(token: string): Promise<unknown> {
  const dispatcher = new Agent({ connect: { ca: server.certificates.authority.cert } });
  try {
    const response = await fetch(`${server.url}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
      dispatcher,
    });
    const body = (await response.json()) as { status?: { userInfo?: object } };
    return response.ok ? body.status?.userInfo : response.status;
  } finally {
    await dispatcher.close();
  }
}

test('a token of a Secret that says so is somebody who may ask for a certificate, and nothing more', async () => {
  await keep(usual);
  expect(await whoIs(`${id}.${secret}`)).toEqual({
    username: `system:bootstrap:${id}`,
    groups: ['system:bootstrappers', 'system:bootstrappers:workers', 'system:authenticated'],
  });
});

test.each<[string, Partial<typeof usual> | ((all: typeof usual) => object), string?]>([
  ['of another secret', { 'token-secret': 'fedcba9876543210' }],
  ['of no secret', { 'token-secret': '' }],
  ['of another id', { 'token-id': 'ghijkl' }],
  ['that has expired', { expiration: '2026-11-30T12:00:00Z' }],
  ['that expires at no time', { expiration: 'tomorrow' }],
  ['that does not authenticate', { 'usage-bootstrap-authentication': 'yes' }],
  ['that wants to be a master', { 'auth-extra-groups': 'system:bootstrappers:a,system:masters' }],
  ['of a Secret of another type', {}, 'Opaque'],
])('one %s is nobody', async (_, more, type) => {
  await keep({ ...usual, ...more }, type);
  expect(await whoIs(`${id}.${secret}`)).toBe(401);
});

test.each(['abcdef.0123456789abcde', 'ABCDEF.0123456789abcdef', 'abcdef', '../../x.0123456789abcdef'])(
  '%s is none',
  async (token) => {
    await keep(usual);
    expect(await whoIs(token)).toBe(401);
  },
);

test('one without an end counts until it is removed', async () => {
  const { expiration: _, ...endless } = usual;
  await keep(endless);
  now += 1000 * day;
  expect(await whoIs(`${id}.${secret}`)).toMatchObject({ username: `system:bootstrap:${id}` });
  now -= 1000 * day;
});

test('those that have expired are removed, and only they', async () => {
  await keep(usual);
  const admin = server.api.client({ name: 'root', groups: ['system:masters'] });
  const metadata = { namespace: 'kube-system', name: 'bootstrap-token-later0' };
  const type = 'bootstrap.kubernetes.io/token';
  const stringData = { ...usual, 'token-id': 'later0', expiration: '2027-01-01T00:00:00Z' };
  await admin.create(resources.secrets, { apiVersion: 'v1', kind: 'Secret', metadata, type, stringData } as Secret);
  const left = async () => {
    const { items } = await admin.list(resources.secrets, { namespace: 'kube-system' });
    return items.map(({ metadata: { name } }) => name).filter((name) => name.startsWith('bootstrap-token-'));
  };
  expect(await left()).toHaveLength(2);
  now += 2 * day;
  await removeExpired({
    client: admin,
    now: new Date(now),
    listed: (await admin.list(resources.secrets, { namespace: 'kube-system' })).items,
  });
  expect(await left()).toEqual(['bootstrap-token-later0']);
});
