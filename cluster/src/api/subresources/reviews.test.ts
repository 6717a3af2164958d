import { generateKeyPairSync } from 'node:crypto';
import { type KubeObject, resources, type Secret } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SecretTokens } from '../authentication/secret-tokens.ts';
import { sendAsAdmin, startTestApi, type TestApi } from '../testing.ts';

const issuer = 'https://issuer.example';
const account = { name: 'robot', namespace: 'default' };
const robot = 'system:serviceaccount:default:robot';
let server: TestApi;

beforeAll(async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const serviceAccountKey = {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
  const tokens = { 'fixed-token': { name: 'console', groups: [] } };
  server = await startTestApi({ authentication: { serviceAccountKey, issuer, tokens } });
  await admin().create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
});
afterAll(async () => await server[Symbol.asyncDispose]());

const admin = () => server.api.client({ name: 'root', groups: ['system:masters'] });

async function tokenFor(audiences: string[]): Promise<string> {
  const { body } = await sendAsAdmin(server, 'POST', '/api/v1/namespaces/default/serviceaccounts/robot/token', {
    spec: { audiences },
  });
  return (body as { status: { token: string } }).status.token;
}

async function review(token: string, audiences?: string[]) {
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  const { status, body } = await sendAsAdmin(server, 'POST', path, { spec: { token, audiences } });
  const answer = body as KubeObject & { status: { authenticated?: boolean; audiences?: string[]; user?: object } };
  return { code: status, ...answer.status };
}

test('a token is good for those of the audiences asked for that it names', async () => {
  const token = await tokenFor(['vault', 'mail']);
  const answer = await review(token, ['ftp', 'vault']);
  expect(answer).toMatchObject({ authenticated: true, audiences: ['vault'], user: { username: robot } });
  expect((await review(token, ['mail', 'vault'])).audiences).toEqual(['vault', 'mail']);
  for (const audiences of [['ftp'], undefined]) {
    expect((await review(token, audiences)).authenticated, String(audiences)).toBeUndefined();
  }
});

test('without audiences it is the server that is asked about', async () => {
  const answer = await review(await tokenFor([]));
  expect(answer).toMatchObject({ authenticated: true, audiences: [issuer], user: { username: robot } });
});

test('a token that names no audience is one for the server', async () => {
  const annotations = { 'kubernetes.io/service-account.name': 'robot' };
  await admin().create(resources.secrets, {
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token' },
    metadata: { name: 'robot-token', namespace: 'default', annotations },
  } as Secret);
  const kept = async () => {
    const { data } = await admin().get(resources.secrets, { name: 'robot-token', namespace: 'default' });
    return Buffer.from(data?.token ?? '', 'base64').toString();
  };
  await expect.poll(kept).not.toBe('');
  for (const [token, username] of [
    [await kept(), robot],
    ['fixed-token', 'console'],
  ] as const) {
    const groups = expect.arrayContaining(['system:authenticated']);
    const good = { authenticated: true, audiences: [issuer], user: { username, groups } };
    expect(await review(token, ['vault', issuer])).toMatchObject(good);
    expect(await review(token)).toMatchObject(good);
    expect((await review(token, ['vault'])).authenticated).toBeUndefined();
  }
});

test('a token that cannot be judged is not said to be bad', async () => {
  expect(await review('nonsense')).toMatchObject({ code: 201, error: 'invalid bearer token' });
  const judge = vi.spyOn(SecretTokens.prototype, 'authenticate').mockRejectedValue(new Error('the store is gone'));
  try {
    expect((await review('nonsense')).code).toBe(500);
  } finally {
    judge.mockRestore();
  }
});
