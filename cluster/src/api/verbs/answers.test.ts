import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Probe, probe } from '../http/probe.ts';

/** Answers that were compared with a kube-apiserver's. */
let it: Probe;
const namespace = '/api/v1/namespaces/default';
const maps = `${namespace}/configmaps`;
beforeAll(async () => {
  it = await probe();
  await send('POST', `${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
});
afterAll(async () => await it[Symbol.asyncDispose]());

const send = (method: string, at: string, value: unknown, type = 'application/json') => {
  const body = JSON.stringify(value);
  return it.send(at, { method, body, headers: { 'content-type': type, 'content-length': Buffer.byteLength(body) } });
};
const merge = (at: string, value: object) => send('PATCH', at, value, 'application/merge-patch+json');
const causesOf = ({ json }: { json: { details?: { causes?: { field: string; message: string }[] } } }) =>
  (json.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);

describe('metadata that nobody may change', () => {
  test('is refused in a patch, and a condition in a replacement', async () => {
    await send('POST', maps, { metadata: { name: 'one' } });
    const patched = await merge(`${maps}/one`, { metadata: { uid: '1' } });
    expect(patched.status).toBe(422);
    expect(patched.json.message).toBe(
      'ConfigMap "one" is invalid: metadata.uid: Invalid value: "1": field is immutable',
    );
    const time = '2020-01-01T00:00:00Z';
    const deleted = await merge(`${maps}/one`, { metadata: { deletionTimestamp: time } });
    expect(deleted.json.message).toBe(
      `ConfigMap "one" is invalid: metadata.deletionTimestamp: Invalid value: "${time}": field is immutable`,
    );
    const replaced = await send('PUT', `${maps}/one`, { metadata: { name: 'one', uid: '1' } });
    expect(replaced.json).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((await merge(`${maps}/one`, { metadata: { creationTimestamp: time, generation: -5 } })).status).toBe(200);
  });

  test('takes no new finalizers once the object is being deleted', async () => {
    await send('POST', maps, { metadata: { name: 'held', finalizers: ['a.b/c'] } });
    await it.send(`${maps}/held`, { method: 'DELETE' });
    const forbidden =
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"d.e/f"}';
    const more = await merge(`${maps}/held`, { metadata: { finalizers: ['a.b/c', 'd.e/f'] } });
    expect(causesOf(more)).toEqual([forbidden, forbidden]);
    expect(more.json.message).toBe(`ConfigMap "held" is invalid: ${forbidden}`);
    expect((await merge(`${maps}/held`, { metadata: { finalizers: null } })).status).toBe(200);
  });
});

describe('fields that are switched off', () => {
  test('are known, and not kept', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const spec = { selector: { matchLabels: { a: 'b' } }, template };
    const sets = '/apis/apps/v1/namespaces/default/statefulsets';
    const workloadRef = { name: 'w', podGroup: 'g' };
    const given = {
      ...spec,
      template: { ...template, spec: { ...template.spec, workloadRef } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 3 } },
    };
    const made = await send('POST', `${sets}?fieldValidation=Strict`, { metadata: { name: 's' }, spec: given });
    expect(made.status).toBe(201);
    expect(made.json.spec.updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { partition: 0 } });
    expect(made.json.spec.template.spec).not.toHaveProperty('workloadRef');
    const changed = await merge(`${sets}/s`, { spec: given });
    expect(changed.json.spec.updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { partition: 0 } });
    expect(changed.json.spec.template.spec).not.toHaveProperty('workloadRef');
    expect(changed.json.metadata.generation).toBe(1);
  });
});

test('a body of null says nothing of the object, and a patch of null changes nothing', async () => {
  const required = 'metadata.name: Required value: name or generateName is required';
  const map = await send('POST', maps, null);
  expect(map.json).toMatchObject({ code: 422, message: `ConfigMap "" is invalid: ${required}` });
  const pod = await send('POST', `${namespace}/pods`, null);
  expect(causesOf(pod)).toEqual([required, 'spec.containers: Required value']);
  expect((await send('PUT', `${maps}/x`, null)).json.message).toBe(
    'the name of the object (x based on URL) was undeterminable: name must be provided',
  );
  await send('POST', maps, { metadata: { name: 'nulls' }, data: { a: 'b' } });
  const strategic = await send('PATCH', `${maps}/nulls`, null, 'application/strategic-merge-patch+json');
  expect(strategic.json).toMatchObject({ data: { a: 'b' } });
  const applied = await send('PATCH', `${maps}/nulls?fieldManager=m`, null, 'application/apply-patch+yaml');
  expect(applied.json).toMatchObject({ code: 400, message: 'invalid object type: /, Kind=' });
  expect((await send('DELETE', `${maps}/nulls`, null)).status).toBe(200);
});

test('an object that is not as a deletion wants it stays', async () => {
  const { json } = await send('POST', maps, { metadata: { name: 'meant' } });
  const { uid, resourceVersion } = json.metadata;
  const refused = async (preconditions: object) => (await send('DELETE', `${maps}/meant`, { preconditions })).json;
  expect(await refused({ uid: 'x' })).toMatchObject({
    code: 409,
    details: { name: 'meant', kind: 'ConfigMap' },
    message: `Operation cannot be fulfilled on ConfigMap "meant": the UID in the precondition (x) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
  });
  expect(await refused({ resourceVersion: '1' })).toMatchObject({
    code: 409,
    message: `Operation cannot be fulfilled on ConfigMap "meant": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
  });
  const replaced = await send('PUT', `${maps}/meant`, { metadata: { name: 'meant', resourceVersion: '0' }, data: {} });
  expect(replaced.status).toBe(200);
});

test('who is refused is warned all the same', async () => {
  const warned = ({ headers }: { headers: Record<string, unknown> }) => headers.warning;
  const deprecated = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"';
  const invalid = await send('POST', `${namespace}/endpoints`, { metadata: { name: 'B_' } });
  expect([invalid.status, warned(invalid)]).toEqual([422, deprecated]);
  const absent = await it.send(`${namespace}/endpoints/none`);
  expect([absent.status, warned(absent)]).toEqual([404, deprecated]);
  const unknown = await send('POST', maps, { metadata: { name: 'B_', zork: 1 }, q: 1 });
  expect(unknown.status).toBe(422);
  expect(warned(unknown)).toBe('299 - "unknown field \\"metadata.zork\\"", 299 - "unknown field \\"q\\""');
});

describe('a question about rights', () => {
  const reviews = '/apis/authorization.k8s.io/v1';
  const resourceAttributes = { verb: 'get', resource: 'pods' };
  const subject = 'spec.user: Invalid value: "": at least one of user or group must be specified';
  const one =
    'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified';
  const both =
    'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":""}: cannot be specified in combination with resourceAttributes';
  const selected = (labelSelector: object) => ({
    spec: { resourceAttributes: { ...resourceAttributes, labelSelector } },
  });
  const selector = 'spec.resourceAttributes.labelSelector';
  test.each([
    ['subjectaccessreviews', {}, [one, subject]],
    ['subjectaccessreviews', { spec: { resourceAttributes } }, [subject]],
    ['selfsubjectaccessreviews', {}, [one]],
    ['selfsubjectaccessreviews', { spec: { resourceAttributes, nonResourceAttributes: { path: '/x' } } }, [both]],
    [
      'selfsubjectaccessreviews',
      selected({}),
      [
        `${selector}.requirements: Required value: when ${selector} is specified, requirements or rawSelector is required`,
      ],
    ],
    [
      'selfsubjectaccessreviews',
      selected({ rawSelector: 'a=b', requirements: [{ key: 'a', operator: 'New' }] }),
      [`${selector}.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements`],
    ],
    [
      'namespaces/default/localsubjectaccessreviews',
      { spec: { user: 'u', resourceAttributes: { ...resourceAttributes, namespace: 'other' } } },
      ['spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace'],
    ],
    [
      'namespaces/default/localsubjectaccessreviews',
      { spec: { user: 'u', nonResourceAttributes: { path: '/x', verb: 'get' } } },
      ['spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: disallowed on this kind of request'],
    ],
  ])('that asks nothing or too much is refused: %s %j', async (path, body, causes) => {
    const refused = await send('POST', `${reviews}/${path}`, body);
    expect(refused.json).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(causesOf(refused)).toEqual(causes);
    const said = causes.length === 1 ? causes[0] : `[${causes.join(', ')}]`;
    expect(refused.json.message).toBe(`.authorization.k8s.io "" is invalid: ${said}`);
  });

  test('says nothing of itself, and is answered with who asked', async () => {
    const spec = { user: 'u', resourceAttributes };
    const named = await send('POST', `${reviews}/subjectaccessreviews`, { metadata: { name: 'n' }, spec });
    expect(causesOf(named)[0]).toMatch(
      /^metadata: Invalid value: \{"name":"n","managedFields":\[.*\]\}: must be empty$/,
    );
    const { json } = await send('POST', `${reviews}/subjectaccessreviews`, { spec });
    const fields = { 'f:resourceAttributes': { '.': {}, 'f:resource': {}, 'f:verb': {} }, 'f:user': {} };
    expect(json).toMatchObject({ spec, status: { allowed: false } });
    expect(json.metadata.managedFields).toMatchObject([{ operation: 'Update', fieldsV1: { 'f:spec': fields } }]);
    const typo = await send('POST', `${reviews}/subjectaccessreviews?fieldValidation=Strict`, { spec, zork: 1 });
    expect(typo.json.message).toContain('unknown field "zork"');
  });
});

describe('a token', () => {
  const token = (body: unknown) => send('POST', `${namespace}/serviceaccounts/default/token`, body);
  test('is answered with the account and who asked for it', async () => {
    const account = (await it.send(`${namespace}/serviceaccounts/default`)).json;
    const { json } = await token(null);
    expect(json.metadata).toMatchObject({ name: 'default', namespace: 'default', uid: account.metadata.uid });
    expect(json.metadata.managedFields).toMatchObject([
      { subresource: 'token', fieldsV1: { 'f:spec': { 'f:expirationSeconds': {} } } },
    ]);
    expect(json.spec).toMatchObject({ boundObjectRef: null, expirationSeconds: 3600 });
  });

  test.each([
    [
      { spec: { expirationSeconds: 3 } },
      422,
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 3: may not specify a duration less than 10 minutes',
    ],
    [
      { spec: { expirationSeconds: 2 ** 33 } },
      422,
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 8589934592: may not specify a duration larger than 2^32 seconds',
    ],
    [
      { metadata: { name: 'q' } },
      422,
      'TokenRequest.authentication.k8s.io "default" is invalid: metadata.name: Invalid value: "q": must match the service account name if specified',
    ],
    [
      { spec: { boundObjectRef: { kind: 'Zork', name: 'x' } } },
      400,
      'cannot bind token to object of type /, Kind=Zork',
    ],
    [{ spec: { boundObjectRef: { kind: 'Pod', name: 'x' } } }, 404, 'pods "x" not found'],
  ])('is refused: %j', async (body, code, message) => {
    expect((await token(body)).json).toMatchObject({ code, message });
  });
});

test('a log is not read for what cannot be, whether there is such a pod or not; a pod that waits has said nothing', async () => {
  const log = (query: string) => it.send(`${namespace}/pods/none/log?${query}`);
  const wrong = await log('sinceSeconds=0&limitBytes=0&tailLines=-1&stream=All');
  expect(causesOf(wrong)).toEqual([
    'tailLines: Invalid value: -1: must be greater than or equal to 0',
    'limitBytes: Invalid value: 0: must be greater than 0',
    'sinceSeconds: Invalid value: 0: must be greater than 0',
    'stream: Forbidden: may not be specified',
  ]);
  expect((await log('tailLines=x')).json).toMatchObject({ code: 400 });
  expect((await log('tailLines=1')).json).toMatchObject({ code: 404 });
  await send('POST', `${namespace}/pods`, {
    metadata: { name: 'waits' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  const waiting = await it.send(`${namespace}/pods/waits/log`);
  expect([waiting.status, waiting.body]).toEqual([204, '']);
});

test('a job has the labels of its pods, unless it has others', async () => {
  const jobs = '/apis/batch/v1/namespaces/default/jobs';
  const make = async (name: string, own: object, labels: object) => {
    const pod = { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' };
    const template = { metadata: { labels }, spec: pod };
    return (await send('POST', jobs, { metadata: { name, ...own }, spec: { template } })).json;
  };
  for (const labels of [{}, { a: 'b' }]) {
    const job = await make(`job-${Object.keys(labels).length}`, {}, labels);
    expect(job.metadata.labels).toEqual(job.spec.template.metadata.labels);
    expect(job.metadata.labels).toMatchObject({ ...labels, 'job-name': job.metadata.name });
  }
  expect((await make('other', { labels: { q: 'r' } }, { a: 'b' })).metadata.labels).toEqual({ q: 'r' });
});

test('whoever writes a daemon set seems to write how often it changed', async () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const body = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
  const { json } = await send('POST', '/apis/apps/v1/namespaces/default/daemonsets', body);
  const counter = 'deprecated.daemonset.template.generation';
  expect(json.metadata.annotations).toEqual({ [counter]: '1' });
  const [entry] = json.metadata.managedFields;
  expect(entry.fieldsV1['f:metadata']).toEqual({ 'f:annotations': { '.': {}, [`f:${counter}`]: {} } });
});
