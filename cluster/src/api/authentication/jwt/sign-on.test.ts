import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { Agent, fetch } from 'undici';
import { describe, expect, test, vi } from 'vitest';
import { writeWhole } from '../../../write-whole.ts';
import { makeCertificates } from '../../certificates/certificates.ts';
import { sendAsAdmin, startTestApi, type TestApi } from '../../testing.ts';
import type { Pace } from './options.ts';
import { startTestIssuer, type TestIssuer } from './testing.ts';

const pace: Partial<Pace> = { fileMs: 20, retryMs: 20, renewMs: 3_600_000, probationMs: 60_000, probeMs: 10 };
/** As long as a busy machine may take. */
const eventually = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000 });

const mappings = { username: { claim: 'sub', prefix: 'corp:' }, groups: { claim: 'groups', prefix: 'corp:' } };

function jwt({ url, authority }: TestIssuer, more: object = {}) {
  const issuer = { url, audiences: ['berth'], certificateAuthority: authority };
  return { issuer, claimMappings: mappings, ...more };
}

function configuration(jwt: readonly object[], more: object = {}): string {
  return JSON.stringify({
    ...{ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt },
    ...more,
  });
}

interface Started extends AsyncDisposable {
  api: TestApi;
  issuer: TestIssuer;
  write(text: string): Promise<void>;
}

async function start(
  { more = {}, ofFile = {}, isUp = true }: { more?: object; ofFile?: object; isUp?: boolean } = {},
  ownPace = pace,
): Promise<Started> {
  const stack = new AsyncDisposableStack();
  const issuer = stack.use(await startTestIssuer());
  issuer.isUp = isUp;
  const directory = await mkdtemp(path.join(tmpdir(), 'berth-authentication-'));
  stack.defer(() => rm(directory, { recursive: true }));
  const file = path.join(directory, 'authentication.json');
  await writeFile(file, configuration([jwt(issuer, more)], ofFile));
  // Only the signing key is needed, and it is made before the server is.
  const { serviceAccountKey } = await makeCertificates(path.join(directory, 'certificates'));
  const api = stack.use(
    await startTestApi({ authentication: { serviceAccountKey, configuration: { file, pace: ownPace } } }),
  );
  return {
    api,
    issuer,
    // Whole at once: a half-written file would count as one more that is bad.
    write: (text) => writeWhole(file, text, 0o600),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Who the server takes the bearer of a token for; the status when it lets nobody in. */
async function whoIs(api: TestApi, token: string | undefined) {
  const answer = await send(api, '/apis/authentication.k8s.io/v1/selfsubjectreviews', token, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  });
  if (answer.status !== 201) return answer.status;
  const { status } = answer.body as { status: { userInfo: { username: string; groups: string[]; extra?: object } } };
  return status.userInfo;
}

async function send({ url, certificates }: TestApi, at: string, token: string | undefined, body?: object) {
  const dispatcher = new Agent({ connect: { ca: certificates.authority.cert } });
  try {
    const response = await fetch(url + at, {
      method: body ? 'POST' : 'GET',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        'content-type': 'application/json',
      },
      body: body ? JSON.stringify(body) : null,
      dispatcher,
    });
    const text = await response.text();
    return { status: response.status, text, body: text.startsWith('{') ? (JSON.parse(text) as object) : {} };
  } finally {
    await dispatcher.close();
  }
}

/** Resolves once the issuer's keys are there. */
async function isReady({ api, issuer }: Started): Promise<void> {
  await eventually(async () => expect(await whoIs(api, await issuer.token())).toBeTypeOf('object'));
}

describe('a token of a configured issuer', () => {
  test('lets its bearer in, with what roles give to him and to his groups', async () => {
    await using started = await start();
    const { api, issuer } = started;
    await isReady(started);
    const token = await issuer.token({ groups: ['readers'], jti: 'one' });
    expect(await whoIs(api, token)).toMatchObject({
      username: 'corp:jane',
      groups: ['corp:readers', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=one'] },
    });
    const pods = '/api/v1/namespaces/default/pods';
    expect((await send(api, pods, token)).status).toBe(403);
    await sendAsAdmin(api, 'POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'readers' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'corp:readers' }],
    });
    expect((await send(api, pods, token)).status).toBe(200);
    expect((await send(api, pods, await issuer.token())).status).toBe(403);
  });

  test('is told of by a token review', async () => {
    await using started = await start();
    await isReady(started);
    const review = async (token: string) => {
      const { body } = await sendAsAdmin(started.api, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
        ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
      });
      return (body as { status: object }).status;
    };
    expect(await review(await started.issuer.token())).toMatchObject({
      authenticated: true,
      user: { username: 'corp:jane' },
    });
    expect(await review(await started.issuer.token({ aud: 'other' }))).not.toHaveProperty('authenticated');
  });
});

describe('what is refused', () => {
  test('forged, stale and misdirected tokens, however they are made', async () => {
    await using started = await start();
    const { api, issuer } = started;
    await isReady(started);
    const now = Math.floor(Date.now() / 1000);
    const stranger = await generateKeyPair('ES256', { extractable: true });
    const own = (issuer.keys.get('one') as typeof stranger).publicKey;
    const jwk = await exportJWK(own);
    const encode = (value: object | string) =>
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
    const good = await issuer.token();
    const [head = '', body = '', signature = ''] = good.split('.');
    const root = encode({ iss: issuer.url, aud: 'berth', sub: 'root', exp: now + 3600 });
    const hmac = (secret: string, alg: string) => {
      const text = `${encode({ alg, kid: 'one' })}.${root}`;
      return `${text}.${createHmac(`sha${alg.slice(2)}`, secret)
        .update(text)
        .digest('base64url')}`;
    };
    const attacks: Record<string, string> = {
      'signed by a stranger': await issuer.token({}, {}, stranger),
      'with its own key in the header': await issuer.token({}, { jwk: await exportJWK(stranger.publicKey) }, stranger),
      'with an address of keys': await issuer.token({}, { jku: `${issuer.url}/evil` }, stranger),
      'another body': `${head}.${root}.${signature}`,
      'no signature': `${head}.${body}.`,
      'alg none': `${encode({ alg: 'none' })}.${root}.`,
      'alg NonE': `${encode({ alg: 'NonE', kid: 'one' })}.${root}.${signature}`,
      'the public key as a secret, PEM': hmac(await exportSPKI(own), 'HS256'),
      'the public key as a secret, JWK': hmac(JSON.stringify(jwk), 'HS512'),
      'an empty secret': hmac('', 'HS256'),
      'a key that there is not': await issuer.token({}, { kid: 'two' }, stranger),
      'a path as key': await issuer.token({}, { kid: '../../../../dev/null' }, stranger),
      'a part that is critical and unknown': `${encode({ alg: 'ES256', kid: 'one', crit: ['x'], x: 1 })}.${body}.${signature}`,
      expired: await issuer.token({ exp: now - 1 }),
      'good for ever': await issuer.token({ exp: undefined } as never),
      'good later': await issuer.token({ nbf: now + 3600 }),
      'for somebody else': await issuer.token({ aud: 'other' }),
      'for nobody': await issuer.token({ aud: [] }),
      'of another issuer': await issuer.token({ iss: 'https://example.com' }),
      'of the issuer with a slash': await issuer.token({ iss: `${issuer.url}/` }),
      "in the name of the cluster's own issuer": await issuer.token({
        iss: 'https://kubernetes.default.svc.cluster.local',
      }),
      'of nobody': await issuer.token({ sub: undefined } as never),
      'of a number': await issuer.token({ sub: 7 } as never),
      'groups that are none': await issuer.token({ groups: [{ a: 1 }] }),
      'groups that are elsewhere': await issuer.token({
        _claim_names: { groups: 'there' },
        _claim_sources: { there: { endpoint: `${issuer.url}/claims` } },
      }),
      'JSON instead of a token': JSON.stringify({ payload: body, protected: head, signature }),
    };
    for (const [name, token] of Object.entries(attacks)) expect(await whoIs(api, token), name).toBe(401);
    expect(await whoIs(api, good)).toMatchObject({ username: 'corp:jane' });
  });

  test('keys are not fetched at the pleasure of whoever sends tokens', async () => {
    await using started = await start({}, { ...pace, retryMs: 3_600_000 });
    const { api, issuer } = started;
    await isReady(started);
    const before = issuer.fetches;
    const stranger = await generateKeyPair('ES256');
    for (let number = 0; number < 20; number++)
      expect(await whoIs(api, await issuer.token({}, { kid: `unknown-${number}` }, stranger))).toBe(401);
    expect(issuer.fetches).toBe(before);
  });

  test('names of the system, by a prefix', async () => {
    await using started = await start();
    await isReady(started);
    const token = await started.issuer.token({ sub: 'system:admin', groups: ['system:masters', 'system:nodes'] });
    expect(await whoIs(started.api, token)).toMatchObject({
      username: 'corp:system:admin',
      groups: ['corp:system:masters', 'corp:system:nodes', 'system:authenticated'],
    });
    expect((await send(started.api, '/api/v1/secrets', token)).status).toBe(403);
  });

  test('names of the system, by rules', async () => {
    await using started = await start({
      more: {
        claimMappings: { username: { claim: 'sub', prefix: '' }, groups: { claim: 'groups', prefix: '' } },
        userValidationRules: [
          { expression: "!user.username.startsWith('system:')" },
          { expression: "user.groups.all(group, !group.startsWith('system:'))" },
        ],
      },
    });
    const { api, issuer } = started;
    await isReady(started);
    expect(await whoIs(api, await issuer.token({ sub: 'system:kube-scheduler' }))).toBe(401);
    expect(await whoIs(api, await issuer.token({ groups: ['a', 'system:masters'] }))).toBe(401);
    expect(await whoIs(api, await issuer.token({ groups: ['a'] }))).toMatchObject({ username: 'jane' });
  });
});

describe('keys', () => {
  test('are had once the issuer is there', async () => {
    await using started = await start({ isUp: false });
    expect(await whoIs(started.api, await started.issuer.token())).toBe(401);
    started.issuer.isUp = true;
    await isReady(started);
  });

  test('are looked for again when a token names one that is new, or is signed by another of the same name', async () => {
    await using started = await start();
    const { api, issuer } = started;
    await isReady(started);
    await issuer.newKey('two');
    await eventually(async () => expect(await whoIs(api, await issuer.token({}, { kid: 'two' }))).toBeTypeOf('object'));
    const former = issuer.keys.get('one');
    await issuer.newKey('one');
    await eventually(async () => expect(await whoIs(api, await issuer.token({ jti: 'new' }))).toBeTypeOf('object'));
    expect(await whoIs(api, await issuer.token({ jti: 'old' }, {}, former))).toBe(401);
  });

  test('are renewed while nobody asks, and go on to count when the issuer is away', async () => {
    await using started = await start({}, { ...pace, renewMs: 20 });
    const { api, issuer } = started;
    await isReady(started);
    const before = issuer.fetches;
    await eventually(() => expect(issuer.fetches).toBeGreaterThan(before + 2));
    issuer.isUp = false;
    const failed = /jwks_fetch_last_timestamp_seconds\{jwt_issuer_hash="sha256:[0-9a-f]{64}",result="failure"\}/;
    await eventually(async () => expect(await metrics(api)).toMatch(failed));
    expect(await whoIs(api, await issuer.token({ jti: 'away' }))).toMatchObject({ username: 'corp:jane' });
  });
});

async function metrics(api: TestApi): Promise<string> {
  const { certificates, url } = api;
  const { cert, key } = certificates.admin;
  const dispatcher = new Agent({ connect: { ca: certificates.authority.cert, cert, key } });
  try {
    return await (await fetch(`${url}/metrics`, { dispatcher })).text();
  } finally {
    await dispatcher.close();
  }
}

describe('a file that is changed', () => {
  const reloads = (status: string, count: number) =>
    `apiserver_authentication_config_controller_automatic_reloads_total{status="${status}"} ${count}\n`;

  test('counts without a new start; a bad one does not, and is counted', async () => {
    await using started = await start();
    const { api, issuer, write } = started;
    await isReady(started);
    for (const [index, bad] of [
      'jwt: [',
      configuration([{ ...jwt(issuer), claimMappings: {} }]),
      configuration([jwt(issuer)], { anonymous: { enabled: true } }),
    ].entries()) {
      await write(bad);
      await eventually(async () => expect(await metrics(api)).toContain(reloads('failure', index + 1)));
      expect(await whoIs(api, await issuer.token({ jti: `bad-${index}` }))).toMatchObject({ username: 'corp:jane' });
    }
    await write(configuration([jwt(issuer, { claimMappings: { username: { claim: 'sub', prefix: 'new:' } } })]));
    await eventually(async () => expect(await metrics(api)).toContain(reloads('success', 1)));
    expect(await whoIs(api, await issuer.token())).toMatchObject({ username: 'new:jane' });
    await write(configuration([]));
    await eventually(async () => expect(await metrics(api)).toContain(reloads('success', 2)));
    expect(await whoIs(api, await issuer.token())).toBe(401);
  });

  test('does not count before its issuers answer', async () => {
    await using started = await start({}, { ...pace, probationMs: 50 });
    await using other = await startTestIssuer();
    const { api, issuer, write } = started;
    await isReady(started);
    other.isUp = false;
    await write(configuration([jwt(other)]));
    await eventually(async () => expect(await metrics(api)).not.toContain(reloads('failure', 0)));
    expect(await whoIs(api, await issuer.token())).toMatchObject({ username: 'corp:jane' });
    other.isUp = true;
    await eventually(async () =>
      expect(await whoIs(api, await other.token())).toMatchObject({ username: 'corp:jane' }),
    );
    expect(await whoIs(api, await issuer.token())).toBe(401);
  });
});

describe('nobody in particular', () => {
  const paths = ['/healthz', '/livez', '/version', '/api/v1/namespaces', '/metrics'];
  test.each([
    ['as it is without a word', {}, [200, 200, 200, 401, 401]],
    ['nowhere', { anonymous: { enabled: false } }, [401, 401, 401, 401, 401]],
    ['everywhere', { anonymous: { enabled: true } }, [200, 200, 200, 403, 403]],
    ['at some paths', { anonymous: { enabled: true, conditions: [{ path: '/livez' }] } }, [401, 200, 401, 401, 401]],
  ])('may ask %s', async (_name, ofFile, wanted) => {
    await using started = await start({ ofFile });
    const answers = await Promise.all(paths.map((at) => send(started.api, at, undefined)));
    expect(answers.map(({ status }) => status)).toEqual(wanted);
    const bad = await Promise.all(paths.slice(3).map((at) => send(started.api, at, 'nonsense')));
    expect(bad.map(({ status }) => status)).toEqual([401, 401]);
  });
});
