import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Probe, probe } from '../http/probe.ts';

let it: Probe;
let token: string;
const configurationPath = '/.well-known/openid-configuration';

beforeAll(async () => {
  it = await probe();
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  await it.post(accounts, JSON.stringify({ metadata: { name: 'reader' } }));
  const order = { spec: { audiences: ['them'] } };
  token = (await it.post(`${accounts}/reader/token`, JSON.stringify(order))).json.status.token;
});
afterAll(async () => await it[Symbol.asyncDispose]());

const as = (bearer: string) => ({ headers: { authorization: `Bearer ${bearer}` } });

test('others judge the tokens of service accounts by what the issuer says of itself', async () => {
  const { headers, json: configuration } = await it.send(configurationPath);
  expect(headers['cache-control']).toBe('public, max-age=3600');
  expect(configuration).toEqual({
    issuer: 'https://kubernetes.default.svc.cluster.local',
    jwks_uri: `${it.server.url}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  });
  const keys = await it.send(new URL(configuration.jwks_uri).pathname);
  expect(keys.headers['content-type']).toBe('application/jwk-set+json');
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(JSON.parse(keys.body)), {
    issuer: configuration.issuer,
    audience: 'them',
  });
  expect(payload.sub).toBe('system:serviceaccount:default:reader');
  expect(JSON.parse(keys.body).keys).toEqual([
    {
      use: 'sig',
      kty: 'EC',
      kid: protectedHeader.kid,
      crv: 'P-256',
      alg: 'ES256',
      x: expect.any(String),
      y: expect.any(String),
    },
  ]);
});

test('service accounts may read it, nobody in particular may not', async () => {
  const order = JSON.stringify({ spec: {} });
  const own = (await it.post('/api/v1/namespaces/default/serviceaccounts/reader/token', order)).json.status.token;
  for (const path of [configurationPath, `${configurationPath}/`, '/openid/v1/jwks', '/openid/v1/jwks/']) {
    expect([
      path,
      (await it.send(path, { ...as(own), agent: false, ca: it.server.certificates.authority.cert })).status,
    ]).toEqual([path, 200]);
    const other = { 'impersonate-user': 'somebody' };
    expect([path, (await it.send(path, { headers: other })).status]).toEqual([path, 403]);
  }
});

test('where the server is advertised is where its keys are', async () => {
  await it.server.api.advertise({ address: '10.1.2.3', port: 6443 });
  expect((await it.send(configurationPath)).json.jwks_uri).toBe('https://10.1.2.3:6443/openid/v1/jwks');
});
