import { connect } from 'node:http2';
import https from 'node:https';
import { resources } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
let agent: https.Agent;

beforeAll(async () => {
  server = await startTestApi();
  const { authority, admin } = server.certificates;
  agent = new https.Agent({ ca: authority.cert, cert: admin.cert, key: admin.key });
});
afterAll(async () => {
  agent.destroy();
  await server[Symbol.asyncDispose]();
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

function send(path: string, options: https.RequestOptions & { body?: string | Buffer } = {}): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const request = https.request(server.url + path, { agent, ...rest }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const post = (body: string | Buffer, type = 'application/json', query = '') =>
  send(configMaps + query, { method: 'POST', body, headers: { 'content-type': type } });
const named = (name: string) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });

describe('bodies', () => {
  test('that are malformed are refused with what is wrong', async () => {
    const json = await post('{"apiVersion": "v1", }');
    expect(json.status).toBe(400);
    expect(JSON.parse(json.body)).toMatchObject({
      kind: 'Status',
      reason: 'BadRequest',
      message: expect.stringMatching(/invalid character '}' looking for beginning of object key string/),
    });
    const yaml = await post('a: [1,\nb: }', 'application/yaml');
    expect(yaml.status).toBe(400);
    expect(JSON.parse(yaml.body).message).toMatch(/line 2/);
  });

  test('that are too large or too deep are refused', async () => {
    expect((await post(Buffer.alloc(3 * 1024 * 1024 + 1, 0x20))).status).toBe(413);
    const deep = await post('['.repeat(100_000));
    expect(deep.status).toBe(400);
    expect(deep.body).toMatch(/deeper than/);
  });

  test('of a great deal of YAML hold up nobody else', async () => {
    const keys = Array.from({ length: 20_000 }, (_, at) => `  k${at}: v`).join('\n');
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: wide}\ndata:\n${keys}\n`;
    let answered = false;
    const made = post(text, 'application/yaml').finally(() => {
      answered = true;
    });
    let others = 0;
    while (!answered && others < 5) {
      expect((await send('/readyz')).status).toBe(200);
      if (!answered) others++;
    }
    expect(others).toBe(5);
    expect((await made).status).toBe(201);
    const read = await send(`${configMaps}/wide`, { headers: { accept: 'application/yaml' } });
    expect(read.body).toMatch(/^ {2}k19999: v$/m);
    const twice = await post(`${text}  k7: w\n`, 'application/yaml', '?fieldValidation=Strict');
    expect(twice.status).toBe(400);
    expect(JSON.parse(twice.body).message).toMatch(/\n {2}line 20005: key "k7" already set in map$/);
  });

  test('may be YAML, and answers too', async () => {
    const made = await post(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata: {a: "1"}\n',
      'application/yaml',
    );
    expect(made.status).toBe(201);
    const read = await send(`${configMaps}/yaml`, { headers: { accept: 'application/yaml' } });
    expect(read.headers['content-type']).toBe('application/yaml');
    expect(read.body).toMatch(/^data:\n {2}a: "1"$/m);
  });

  test('of other kinds of media are 415, answers in them 406', async () => {
    expect((await post('<a/>', 'text/xml')).status).toBe(415);
    expect((await post('x', 'application/cbor')).status).toBe(415);
    expect((await send(configMaps, { headers: { accept: 'application/cbor' } })).status).toBe(406);
  });

  test('of questions have no table', async () => {
    const body = JSON.stringify({ spec: { nonResourceAttributes: { path: '/', verb: 'get' } } });
    const ask = (accept: string) =>
      send('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', accept },
      });
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    expect((await ask(table)).status).toBe(406);
    expect(JSON.parse((await ask(`${table},application/json`)).body)).toMatchObject({ status: { allowed: true } });
  });

  test('with unknown fields warn, or are refused when that is asked for', async () => {
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'odd' }, dat: {} });
    const strict = await post(body, 'application/json', '?fieldValidation=Strict');
    expect(strict.status).toBe(400);
    expect(strict.body).toMatch(/unknown field \\"dat\\"/);
    const warned = await post(body);
    expect(warned.status).toBe(201);
    expect(warned.headers.warning).toMatch(/^299 - "unknown field \\"dat\\""/);
  });

  test('in protobuf are read, as kubectl create sends them', async () => {
    const hex =
      '6b3873000a0f0a02763112094e616d657370616365121f0a170a076275666665726412001a0022002a00320038004200120' +
      '01a020a001a002200';
    const body = Buffer.from(hex, 'hex');
    const options = { method: 'POST', body, headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } };
    const made = await send('/api/v1/namespaces', options);
    expect(JSON.parse(made.body)).toMatchObject({ kind: 'Namespace', metadata: { name: 'bufferd' } });
    const torn = { ...options, body: body.subarray(0, 40) };
    expect((await send('/api/v1/namespaces', torn)).status).toBe(400);
  });
});

describe('answers', () => {
  test('have items with the type of their list only where the kind is built in', async () => {
    await post(named('typeless'));
    const { body } = await send(`${configMaps}?fieldSelector=metadata.name=typeless`);
    const { kind, items } = JSON.parse(body) as { kind: string; items: Record<string, unknown>[] };
    expect(kind).toBe('ConfigMapList');
    expect(items).toMatchObject([{ metadata: { name: 'typeless' }, data: { a: 'b' } }]);
    expect(items[0]).not.toHaveProperty('kind');
    expect(items[0]).not.toHaveProperty('apiVersion');
    const one = await send(`${configMaps}/typeless`);
    expect(one.body).toMatch(/^\{"apiVersion":"v1","kind":"ConfigMap",/);
  });

  test.each([
    ['invalid', 'invalid duration'],
    ['5', 'missing unit in duration'],
  ])('within %j are refused', async (timeout, why) => {
    const { status, body } = await send(`${configMaps}?timeout=${timeout}`);
    expect(status).toBe(400);
    expect(JSON.parse(body).message).toBe(`invalid timeout specified in the request URL - time: ${why} "${timeout}"`);
    expect((await send(`/version?timeout=${timeout}`)).status).toBe(400);
    for (const good of ['0s', '1m30s', '']) expect((await send(`${configMaps}?timeout=${good}`)).status).toBe(200);
  });

  test('are tables of the version asked for', async () => {
    await post(named('tabled'));
    for (const version of ['v1', 'v1beta1']) {
      const accept = `application/json;as=Table;v=${version};g=meta.k8s.io`;
      const { body } = await send(`${configMaps}/tabled`, { headers: { accept } });
      const apiVersion = `meta.k8s.io/${version}`;
      expect(JSON.parse(body)).toMatchObject({ kind: 'Table', apiVersion, rows: [{ object: { apiVersion } }] });
    }
  });

  test('of a dry run may be of what was read from the server', async () => {
    const read = JSON.stringify({ ...JSON.parse(named('read')), metadata: { name: 'read', resourceVersion: '7' } });
    expect((await post(read, 'application/json', '?dryRun=All')).status).toBe(201);
    const refused = await post(read);
    expect(refused.status).toBe(400);
    expect(refused.body).toMatch(/resourceVersion should not be set on objects to be created/);
  });

  test('of a new node say what it is, or that this is not known', async () => {
    const create = (name: string, status?: object) =>
      send('/api/v1/nodes', { method: 'POST', body: JSON.stringify({ metadata: { name }, status }) });
    expect(JSON.parse((await create('silent')).body)).toMatchObject({ status: { nodeInfo: { osImage: '' } } });
    const told = await create('telling', { capacity: { cpu: '2' } });
    expect(JSON.parse(told.body)).toMatchObject({ status: { capacity: { cpu: '2' } } });
  });
});

describe('who asks', () => {
  test('nobody in particular sees health and version, and nothing else', async () => {
    const stranger = new https.Agent({ ca: server.certificates.authority.cert });
    for (const path of ['/healthz', '/readyz', '/livez', '/version']) {
      expect((await send(path, { agent: stranger })).status).toBe(200);
    }
    for (const path of ['/api', '/api/v1/pods', '/metrics', '/nothing']) {
      const refused = await send(path, { agent: stranger });
      expect(refused.status).toBe(401);
      expect(JSON.parse(refused.body)).toMatchObject({ kind: 'Status', reason: 'Unauthorized' });
    }
    const bad = { agent: stranger, headers: { authorization: 'Bearer made.up.token' } };
    expect((await send('/api', bad)).status).toBe(401);
    stranger.destroy();
  });

  test('a service account by its token, until the account is gone', async () => {
    const root = server.api.client({ name: 'root', groups: ['system:masters'] });
    const key = { namespace: 'default', name: 'robot' };
    await root.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: key });
    const order = { spec: { expirationSeconds: 600 } };
    const { status } = await root.createSubresource(resources.serviceAccounts, key, 'token', order);
    const headers = {
      authorization: `Bearer ${(status as { token: string }).token}`,
      'content-type': 'application/json',
    };
    const stranger = new https.Agent({ ca: server.certificates.authority.cert });
    const whoami = { agent: stranger, headers, method: 'POST', body: '{}' };
    const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const said = await send(review, whoami);
    expect(JSON.parse(said.body).status.userInfo).toMatchObject({
      username: 'system:serviceaccount:default:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
    await root.delete(resources.serviceAccounts, key);
    expect((await send(review, whoami)).status).toBe(401);
    stranger.destroy();
  });

  test('somebody who acts as another has that one’s rights', async () => {
    const pods = await send('/api/v1/pods', { headers: { 'impersonate-user': 'ada' } });
    expect(pods.status).toBe(403);
    expect(JSON.parse(pods.body).message).toMatch(/^pods is forbidden: User "ada" cannot list/);
  });
});

describe('answers', () => {
  test('large ones are compressed for those who take it', async () => {
    const filler = 'x'.repeat(200_000);
    await post(JSON.stringify({ ...JSON.parse(named('large')), data: { filler } }));
    const read = await send(`${configMaps}/large`, { headers: { 'accept-encoding': 'gzip' } });
    expect(read.headers['content-encoding']).toBe('gzip');
    expect(read.body.length).toBeLessThan(10_000);
  });

  test('what is not served is NotFound, what may not be done MethodNotAllowed', async () => {
    expect((await send('/api/v1/unknowns')).status).toBe(404);
    expect((await send('/apis/none/v1')).status).toBe(404);
    expect((await send('/api/v1/namespaces', { method: 'DELETE' })).status).toBe(405);
    expect((await send(configMaps, { method: 'PUT' })).status).toBe(405);
  });

  test('discovery is aggregated when asked for, and known documents are 304 with their type', async () => {
    const type = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const first = await send('/apis', { headers: { accept: `${type},application/json` } });
    expect(first.headers['content-type']).toBe(type);
    const { items } = JSON.parse(first.body) as {
      items: { metadata: { name: string }; versions: { resources: object[] }[] }[];
    };
    const apps = items.find((item) => item.metadata.name === 'apps');
    expect(apps?.versions[0]?.resources).toContainEqual(
      expect.objectContaining({ resource: 'deployments', shortNames: ['deploy'], scope: 'Namespaced' }),
    );
    const again = await send('/apis', { headers: { accept: type, 'if-none-match': String(first.headers.etag) } });
    expect([again.status, again.headers['content-type']]).toEqual([304, type]);
  });

  test('over HTTP/2 as over HTTP/1.1', async () => {
    const { authority, admin } = server.certificates;
    const session = connect(server.url, { ca: authority.cert, cert: admin.cert, key: admin.key });
    const stream = session.request({ ':path': '/api/v1/namespaces/default' });
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    expect(JSON.parse(body)).toMatchObject({ kind: 'Namespace', metadata: { name: 'default' } });
    session.close();
  });
});
