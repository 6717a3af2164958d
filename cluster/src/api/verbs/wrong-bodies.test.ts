import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Probe, probe } from '../http/probe.ts';

let it: Probe;
beforeAll(async () => {
  it = await probe();
  await it.post('/api/v1/namespaces/default/serviceaccounts', '{"metadata":{"name":"default"}}');
  await it.post(path, named('there'));
});
afterAll(async () => await it[Symbol.asyncDispose]());

const namespace = '/api/v1/namespaces/default';
const path = `${namespace}/configmaps`;
const named = (name: string, more = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more });
const send = (method: string, at: string, value: object, type = 'application/json') => {
  const body = JSON.stringify(value);
  // Node says no length of its own for what DELETE carries.
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
  return it.send(at, { method, body, headers });
};
const patch = (at: string, type: string, body: object) => send('PATCH', at, body, `application/${type}+json`);
const apply = (at: string, body: object) =>
  send('PATCH', `${at}?fieldManager=me`, body, 'application/apply-patch+yaml');

const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } });

describe('an object that lacks what others build on', () => {
  test('is refused for that: a pod without a specification, a list of which the elements have no keys', async () => {
    const bare = await send('POST', `${namespace}/pods`, { metadata: { name: 'bare' } });
    expect(bare.json).toMatchObject({ code: 422, message: 'Pod "bare" is invalid: spec.containers: Required value' });
    const nameless = { containers: [{ image: 'i' }], volumes: [{ emptyDir: {} }] };
    const unnamed = await send('POST', `${namespace}/pods`, { metadata: { name: 'unnamed' }, spec: nameless });
    expect(unnamed.json).toMatchObject({ code: 422 });
    expect(unnamed.json.message).toContain('spec.containers[0].name: Required value');
  });

  test('is stored where nothing asks for the keys, and nobody is recorded as its owner', async () => {
    const account = { metadata: { name: 'odd' }, secrets: [{ kind: 'Secret' }] };
    const made = await send('POST', `${namespace}/serviceaccounts`, account);
    expect(made.status).toBe(201);
    expect(made.json.metadata.managedFields).toBeUndefined();
  });
});

describe('a body of another kind', () => {
  test('says of itself what it is', async () => {
    const message = async (body: object) =>
      (await send('POST', path, { metadata: { name: 'x' }, ...body })).json.message;
    expect(await message({ apiVersion: 'v1', kind: 'Secret' })).toBe(
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    );
    expect(await message({ apiVersion: 'v1', kind: 'Foo' })).toBe(
      'Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    );
    const scaler = { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'x' } };
    const other = await send('POST', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', scaler);
    expect(other.json.message).toBe(
      'the API version in the data (autoscaling/v1) does not match the expected API version (autoscaling/v2)',
    );
  });

  test('deletes nothing', async () => {
    const refused = await send('DELETE', `${path}/there`, { kind: 'Pod', apiVersion: 'v1' });
    expect(refused.json).toMatchObject({ code: 400, reason: 'BadRequest' });
    expect((await it.send(`${path}/there`)).status).toBe(200);
  });

  test('is no configuration to apply, nor is one without a kind', async () => {
    const applied = async (body: object) =>
      (await apply(`${path}/there`, { metadata: { name: 'there' }, ...body })).json;
    expect(await applied({ apiVersion: 'v2', kind: 'ConfigMap' })).toMatchObject({
      code: 400,
      message: 'invalid object type: /v2, Kind=ConfigMap',
    });
    expect((await applied({ apiVersion: 'v1' })).message).toBe('invalid object type: /v1, Kind=');
    expect((await applied({})).message).toBe('invalid object type: /, Kind=');
    expect((await applied({ apiVersion: 'apps/v1', kind: 'Deployment' })).message).toBe(
      'invalid object type: apps/v1, Kind=Deployment',
    );
  });
});

describe('a body with another name than its path', () => {
  const other = 'the name of the object (other) does not match the name on the URL (there)';
  const none = 'the name of the object (there based on URL) was undeterminable: name must be provided';

  test('is refused, and so is one without a name', async () => {
    const at = `${path}/there`;
    expect((await send('PUT', at, { metadata: { name: 'other' } })).json).toMatchObject({ code: 400, message: other });
    expect((await send('PUT', at, {})).json).toMatchObject({ code: 400, message: none });
    const renamed = await patch(at, 'merge-patch', { metadata: { name: 'other' } });
    expect(renamed.json).toMatchObject({ code: 400, message: other });
    const stripped = await patch(at, 'merge-patch', { metadata: { name: null } });
    expect(stripped.json).toMatchObject({ code: 400, message: none });
    const fresh = await apply(`${path}/fresh`, { apiVersion: 'v1', kind: 'ConfigMap' });
    expect(fresh.json.message).toBe(
      'the name of the object (fresh based on URL) was undeterminable: name must be provided',
    );
    expect((await apply(at, { apiVersion: 'v1', kind: 'ConfigMap' })).status).toBe(200);
  });

  test('evicts nobody', async () => {
    await send('POST', `${namespace}/pods`, pod('evicted'));
    const at = `${namespace}/pods/evicted/eviction`;
    for (const metadata of [{ name: 'other' }, {}]) {
      expect((await send('POST', at, { metadata })).json).toMatchObject({
        code: 400,
        message: 'name in URL does not match name in Eviction object',
      });
    }
    expect((await send('POST', at, { metadata: { name: 'evicted' } })).status).toBe(201);
  });
});

describe('a patch that makes no object of the kind', () => {
  test('is Invalid, with what it makes, or itself where it is strategic', async () => {
    const at = `${path}/there`;
    const merged = await patch(at, 'merge-patch', { data: { a: 5 } });
    expect(merged.json).toMatchObject({ code: 422, reason: 'Invalid', details: { causes: [{ field: 'patch' }] } });
    expect(merged.json.message).toMatch(/^ "" is invalid: patch: Invalid value: "\{.*\\"data\\":\{\\"a\\":5\}/);
    expect(merged.json.message).toMatch(
      /: json: cannot unmarshal number into Go struct field ConfigMap.data of type string$/,
    );
    const messages = [
      [{ data: { a: 5 } }, 'map[data:map[a:5]]', 'cannot convert int64 to string'],
      [{ data: { a: true } }, 'map[data:map[a:true]]', 'unrecognized type: string'],
      [{ immutable: 'x' }, 'map[immutable:x]', 'unrecognized type: bool'],
    ] as const;
    for (const [body, shown, why] of messages) {
      const { json } = await patch(at, 'strategic-merge-patch', body);
      expect(json.message).toBe(` "" is invalid: patch: Invalid value: "${shown}": ${why}`);
    }
  });

  test('or has unknown fields, when those are refused', async () => {
    const at = `${path}/there?fieldValidation=Strict`;
    const { json } = await patch(at, 'strategic-merge-patch', { odd: 1 });
    expect(json).toMatchObject({
      code: 422,
      message: ' "" is invalid: patch: Invalid value: "map[odd:1]": strict decoding error: unknown field "odd"',
    });
  });
});

test('a deletion whose options cannot be read deletes nothing', async () => {
  const unreadable = [
    [{ dryRun: ['x'] }, 422, 'dryRun: Unsupported value: ["x"]: supported values: "All"'],
    [{ dryRun: 'All' }, 400, 'cannot be handled as a DeleteOptions: json: cannot unmarshal string'],
    [{ preconditions: { uid: 5 } }, 400, 'cannot unmarshal number'],
    [{ preconditions: 'x' }, 400, 'cannot unmarshal string'],
    [{ gracePeriodSeconds: 'x' }, 400, 'cannot unmarshal string'],
    [{ propagationPolicy: 1 }, 400, 'cannot unmarshal number'],
  ] as const;
  for (const [options, code, message] of unreadable) {
    for (const at of [`${path}/there`, `${path}?fieldSelector=metadata.name%3Dthere`]) {
      const { json } = await send('DELETE', at, { kind: 'DeleteOptions', apiVersion: 'v1', ...options });
      expect(json).toMatchObject({ code, message: expect.stringContaining(message) });
    }
  }
  expect(await it.send(`${path}/there`)).toMatchObject({ status: 200 });
});

test('a pull secret without a name, as charts print it, is owned like any other', async () => {
  const spec = { ...pod('x').spec, imagePullSecrets: [{ name: '' }] };
  await send('POST', `${namespace}/pods`, { metadata: { name: 'nameless' }, spec });
  const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'nameless' }, spec: { imagePullSecrets: [{}] } };
  const { json } = await apply(`${namespace}/pods/nameless`, body);
  const fields = { 'f:spec': { 'f:imagePullSecrets': { 'k:{"name":""}': {} } } };
  expect(json.metadata.managedFields).toMatchObject([
    { operation: 'Apply', fieldsV1: fields },
    { operation: 'Update' },
  ]);
});

test('an address outside is open to everyone unless told otherwise', async () => {
  const spec = { externalIPs: ['198.51.100.7'], ports: [{ port: 80 }] };
  const { json } = await send('POST', `${namespace}/services`, { metadata: { name: 'outside' }, spec });
  expect(json.spec).toMatchObject({ type: 'ClusterIP', externalTrafficPolicy: 'Cluster' });
});

test('an address or a port out of range is refused with the range', async () => {
  const service = (spec: object) => send('POST', `${namespace}/services`, { metadata: { name: 's' }, spec });
  const far = await service({ clusterIP: '1.2.3.4', ports: [{ port: 80 }] });
  expect(far.json.message).toContain(
    'the provided IP (1.2.3.4) is not in the valid range. The range of valid IPs is 10.200.128.0/17',
  );
  const low = await service({ type: 'NodePort', ports: [{ port: 80, nodePort: 99 }] });
  expect(low.json.message).toContain(
    'provided port is not in the valid range. The range of valid ports is 30000-32767',
  );
});

test('a pod that has its node is told so of its binding, which is no new generation of it', async () => {
  await send('POST', `${namespace}/pods`, pod('bound'));
  const bind = () =>
    send('POST', `${namespace}/pods/bound/binding`, { metadata: { name: 'bound' }, target: { name: 'n' } });
  await bind();
  const { json } = await it.send(`${namespace}/pods/bound`);
  expect(json).toMatchObject({ spec: { nodeName: 'n' }, metadata: { generation: 1 } });
  expect((await bind()).json.message).toBe(
    'Operation cannot be fulfilled on pods/binding "bound": pod bound is already assigned to node "n"',
  );
});
