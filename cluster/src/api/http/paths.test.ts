import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf, type Probe, probe } from './probe.ts';

let it: Probe;
beforeAll(async () => {
  it = await probe();
});
afterAll(async () => await it[Symbol.asyncDispose]());

const namespace = '/api/v1/namespaces/default';

test('the root lists what there is', async () => {
  const { paths } = (await it.send('/')).json;
  expect(paths).toEqual([...paths].sort());
  for (const path of [
    '/api',
    '/api/v1',
    '/apis',
    '/apis/apps',
    '/apis/apps/v1',
    '/healthz',
    '/openapi/v3',
    '/version',
  ]) {
    expect(paths).toContain(path);
  }
});

describe('health', () => {
  test('has each check by its name, and no other', async () => {
    expect((await it.send('/readyz/ping')).body).toBe('ok');
    expect((await it.send('/livez/store')).body).toBe('ok');
    expect((await it.send('/readyz/nothing')).status).toBe(404);
  });

  test('leaves out what it is asked to, and says when it cannot', async () => {
    const { body } = await it.send('/readyz?verbose&exclude=store&exclude=nothing');
    expect(body).toBe(
      '[+]ping ok\n[+]store excluded: ok\n' +
        'warn: some health checks cannot be excluded: no matches for "nothing"\nreadyz check passed\n',
    );
  });
});

test('JSON has lines and indents for those who ask, and for people', async () => {
  const ask = (path: string, agent: string) => it.send(path, { headers: { 'user-agent': agent } });
  const pretty = /^\{\n {2}"kind": "APIResourceList",\n {2}"apiVersion": "v1",\n/;
  expect((await ask('/api/v1', 'curl/8.5.0')).body).toMatch(pretty);
  expect((await ask('/api/v1?pretty=true', 'kubectl/v1.35.2')).body).toMatch(pretty);
  expect((await ask('/api/v1', 'kubectl/v1.35.2')).body).toMatch(/^\{"kind":"APIResourceList"/);
  expect((await ask('/api/v1?pretty=false', 'curl/8.5.0')).body).toMatch(/^\{"kind":"APIResourceList"/);
  const error = await ask(`${namespace}/configmaps/none`, 'curl/8.5.0');
  expect(error.headers['content-length']).toBe(String(Buffer.byteLength(error.body)));
  expect(error.body).toBe(
    `{
  "kind": "Status",
  "apiVersion": "v1",
  "metadata": {},
  "status": "Failure",
  "message": "configmaps \\"none\\" not found",
  "reason": "NotFound",
  "details": {
    "name": "none",
    "kind": "configmaps"
  },
  "code": 404
}`,
  );
});

test('the old paths of watches watch a list, or one object', async () => {
  for (const name of ['one', 'two']) await it.post(`${namespace}/configmaps`, JSON.stringify({ metadata: { name } }));
  const session = it.session();
  const seen = async (path: string) => {
    const { body } = await answerOf(session.request({ ':path': `/api/v1/watch/${path}?timeoutSeconds=1` }));
    return body.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).object.metadata.name]));
  };
  const [all, ofNamespace, one] = await Promise.all([
    seen('configmaps'),
    seen('namespaces/default/configmaps'),
    seen('namespaces/default/configmaps/one'),
  ]);
  expect(all).toEqual(expect.arrayContaining(['one', 'two']));
  expect(ofNamespace).toEqual(expect.arrayContaining(['one', 'two']));
  expect(one).toEqual(['one']);
  expect((await it.post('/api/v1/watch/namespaces/default/configmaps', '{}')).status).toBe(405);
});

test('whoever uses a deprecated kind is warned', async () => {
  const warning = async (path: string) => (await it.send(path)).headers.warning;
  expect(await warning('/api/v1/endpoints')).toBe(
    '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"',
  );
  expect(await warning('/api/v1/componentstatuses')).toBe('299 - "v1 ComponentStatus is deprecated in v1.19+"');
  expect(await warning('/api/v1/pods')).toBeUndefined();
});

test('whoever writes what is valid and not as meant is warned', async () => {
  const env = [{ name: 'A' }, { name: 'A' }];
  const odd = { metadata: { name: 'odd' }, spec: { containers: [{ name: 'c', image: 'i', env }] } };
  await it.post(`${namespace}/serviceaccounts`, '{"metadata":{"name":"default"}}');
  expect((await it.post(`${namespace}/pods?dryRun=All`, JSON.stringify(odd))).headers.warning).toBe(
    '299 - "spec.containers[0].env[1]: hides previous definition of \\"A\\", which may be dropped when using apply"',
  );
});

test('options that are no numbers, or contradict each other, are refused in the words of Kubernetes', async () => {
  const message = async (path: string) => (await it.send(`${namespace}/${path}`)).json.message;
  expect(await message('pods?limit=abc')).toBe('strconv.ParseInt: parsing "abc": invalid syntax');
  expect(await message('pods?limit=99999999999999999999')).toBe(
    'strconv.ParseInt: parsing "99999999999999999999": value out of range',
  );
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  await it.post(`${namespace}/serviceaccounts`, '{"metadata":{"name":"default"}}');
  await it.post(`${namespace}/pods`, JSON.stringify({ metadata: { name: 'told' }, spec }));
  const wrong = 'PodLogOptions "told" is invalid:';
  expect(await message('pods/told/log?sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z')).toBe(
    `${wrong} []: Forbidden: at most one of \`sinceTime\` or \`sinceSeconds\` may be specified`,
  );
  expect(await message('pods/told/log?limitBytes=0')).toBe(
    `${wrong} limitBytes: Invalid value: 0: must be greater than 0`,
  );
  expect(await message('pods/told/log?tailLines=-1')).toBe(
    `${wrong} tailLines: Invalid value: -1: must be greater than or equal to 0`,
  );
});

test('an owner that is named twice is kept once, with a warning', async () => {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
  const ownerReferences = [owner, owner, { ...owner, controller: true }];
  const made = await it.post(
    `${namespace}/configmaps`,
    JSON.stringify({ metadata: { name: 'owned', ownerReferences } }),
  );
  expect(made.json.metadata.ownerReferences).toEqual([owner, { ...owner, controller: true }]);
  const said =
    'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u';
  expect(made.headers.warning).toBe(`299 - ".metadata.ownerReferences contains duplicate entries; ${said}"`);
  const patched = await it.send(`${namespace}/configmaps/owned`, {
    method: 'PATCH',
    body: JSON.stringify({ metadata: { ownerReferences: [owner, owner] } }),
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect(patched.json.metadata.ownerReferences).toEqual([owner]);
  expect(patched.headers.warning).toBe(
    `299 - ".metadata.ownerReferences contains duplicate entries after mutating admission happens; ${said}"`,
  );
});

test('owners may be as many as a body can hold', async () => {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o' };
  const ownerReferences = Array.from({ length: 20_000 }, (_, at) => ({ ...owner, uid: `u${at}` }));
  const made = await it.post(
    `${namespace}/configmaps?dryRun=All`,
    JSON.stringify({ metadata: { name: 'many', ownerReferences } }),
  );
  expect(made.status).toBe(201);
  expect(made.json.metadata.ownerReferences).toHaveLength(20_000);
});

test('a connection that comes as a plain request is refused as such, if there is a pod', async () => {
  await it.post(`${namespace}/serviceaccounts`, '{"metadata":{"name":"default"}}');
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  await it.post(`${namespace}/pods`, JSON.stringify({ metadata: { name: 'p' }, spec }));
  for (const subresource of ['exec', 'attach', 'portforward']) {
    expect((await it.send(`${namespace}/pods/p/${subresource}`)).json).toMatchObject({
      code: 400,
      message: 'Upgrade request required',
    });
    expect((await it.send(`${namespace}/pods/none/${subresource}`)).status).toBe(404);
  }
});

describe('a path where nobody is', () => {
  const text = { status: 404, body: '404 page not found\n' };
  test.each([
    ['GET', '/nowhere'],
    ['POST', '/nowhere'],
    ['GET', '/healthz/nothing'],
    ['GET', '/apis/none'],
    ['GET', '/apis/none.example/v1'],
    ['GET', '/apis/none.example/v1/things'],
    ['PUT', '/apis/none.example/v1/things/one'],
  ])('%s %s is a page that is not found', async (method, path) => {
    const answer = await it.send(path, { method });
    expect(answer).toMatchObject(text);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
  });

  test.each(['/api/v9', '/api/v1/things', '/apis/apps/v9', '/apis/apps/v1/things'])('%s is a status', async (path) => {
    expect((await it.send(path)).json).toMatchObject({ kind: 'Status', reason: 'NotFound', details: {} });
  });

  test('is told as YAML to who takes that, as all that fails is', async () => {
    const path = '/api/v1/namespaces/default/configmaps/none';
    const answer = await it.send(path, { headers: { accept: 'application/yaml' } });
    expect(answer.headers['content-type']).toBe('application/yaml');
    expect(answer.body).toContain('message: configmaps "none" not found\n');
  });
});

test('discovery tells groups in the order of Kubernetes; only the newer form is kept by clients', async () => {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const legacy = await it.send('/apis');
  expect(legacy.headers).toMatchObject({ 'cache-control': 'no-cache, private' });
  expect(legacy.headers.etag).toBeUndefined();
  const aggregated = await it.send('/apis', { headers: { accept } });
  expect(aggregated.headers).toMatchObject({ 'cache-control': 'public', etag: expect.any(String) });
  const names = legacy.json.groups.map(({ name }: { name: string }) => name);
  expect(JSON.parse(aggregated.body).items.map((item: { metadata: object }) => item.metadata)).toEqual(
    names.map((name: string) => ({ name })),
  );
  expect(names.join(' ')).toBe(
    'apiregistration.k8s.io apps events.k8s.io authentication.k8s.io authorization.k8s.io autoscaling batch certificates.k8s.io networking.k8s.io policy rbac.authorization.k8s.io storage.k8s.io admissionregistration.k8s.io apiextensions.k8s.io scheduling.k8s.io coordination.k8s.io node.k8s.io discovery.k8s.io resource.k8s.io flowcontrol.apiserver.k8s.io metrics.k8s.io',
  );
});

test.each([
  [
    'configmaps/one',
    'PartialObjectMetadataList',
    'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
  ],
  [
    'configmaps',
    'PartialObjectMetadata',
    'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
  ],
])('%s is not to be had as %s', async (path, as, message) => {
  await it.post(`${namespace}/configmaps`, JSON.stringify({ metadata: { name: 'one' } }));
  const accept = `application/json;as=${as};v=v1;g=meta.k8s.io`;
  const { status, json } = await it.send(`${namespace}/${path}`, { headers: { accept } });
  expect([status, json.reason, json.message]).toEqual([406, 'NotAcceptable', message]);
});

test('a watch is not to be had as YAML', async () => {
  const watch = `${namespace}/configmaps?watch=1&timeoutSeconds=1`;
  const refused = await it.send(watch, { headers: { accept: 'application/yaml' } });
  expect(refused.status).toBe(406);
  expect(refused.body).toContain('application/json;stream=watch');
  expect((await it.send(watch, { headers: { accept: 'application/yaml, */*' } })).status).toBe(200);
});

test('a pod that no node has yet has said nothing', async () => {
  await it.post(`${namespace}/serviceaccounts`, JSON.stringify({ metadata: { name: 'default' } }));
  const pod = { metadata: { name: 'waits' }, spec: { containers: [{ name: 'c', image: 'x' }] } };
  await it.post(`${namespace}/pods`, JSON.stringify(pod));
  for (const query of ['', '?follow=true', '?previous=true']) {
    expect(await it.send(`${namespace}/pods/waits/log${query}`)).toMatchObject({ status: 204, body: '' });
  }
  expect((await it.send(`${namespace}/pods/waits/log?stream=Stdout`)).json).toMatchObject({
    code: 422,
    details: { causes: [{ field: 'stream', message: 'Forbidden: may not be specified' }] },
  });
});
