import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf, type Probe, probe } from './probe.ts';

let it: Probe;
beforeAll(async () => {
  it = await probe();
});
afterAll(async () => await it[Symbol.asyncDispose]());

const path = '/api/v1/namespaces/default/configmaps';
const limit = 3 * 1024 * 1024;
const yaml = 'application/yaml';
const named = (name: string, more = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more });
const strictly = (body: string | Buffer, type = 'application/json') =>
  it.post(`${path}?fieldValidation=Strict`, body, type);

describe('the size of a body', () => {
  test('may be 3 MiB and not a byte more, however it is sent', async () => {
    const text = named('large');
    expect((await it.post(path, text.padEnd(limit))).status).toBe(201);
    const tooLarge = text.padEnd(limit + 1);
    const refused = await it.post(path, tooLarge);
    expect(refused.status).toBe(413);
    expect(refused.json).toMatchObject({ kind: 'Status', code: 413, reason: 'RequestEntityTooLarge' });
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
    expect((await it.send(path, { method: 'POST', body: tooLarge, headers })).status).toBe(413);
    const stream = it.session().request({ ':method': 'POST', ':path': path, 'content-type': 'application/json' });
    stream.on('error', () => {});
    stream.end(tooLarge);
    expect((await answerOf(stream)).status).toBe(413);
    const announced = it.session().request({ ':method': 'POST', ':path': path, 'content-length': limit + 1 });
    announced.on('error', () => {});
    expect((await answerOf(announced)).status).toBe(413);
    expect((await it.send('/readyz')).status).toBe(200);
  });

  test('that is far too large gets its answer, not a reset connection', async () => {
    for (const encoding of [{}, { 'transfer-encoding': 'chunked' }]) {
      const headers = { 'content-type': 'application/json', ...encoding };
      const refused = await it.send(path, { method: 'POST', body: Buffer.alloc(30_000_000, 0x20), headers });
      expect(refused.status).toBe(413);
    }
  });

  test('is not made smaller by an encoding', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const refused = await it.send(path, { method: 'POST', body: gzipSync(Buffer.alloc(50_000_000)), headers });
    expect([refused.status, refused.json.reason]).toEqual([415, 'UnsupportedMediaType']);
  });
});

describe('nesting', () => {
  const deep = 10_000;
  const blocks = Array.from({ length: 1500 }, (_, at) => `${' '.repeat(at)}a:`).join('\n');
  const aliases = ['a0: &a0 [x]', ...Array.from({ length: deep }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}]`)];
  test.each<[string, string, string]>([
    ['lists in JSON', `{"apiVersion":"v1","data":${'['.repeat(deep)}${']'.repeat(deep)}}`, 'application/json'],
    ['maps in JSON', `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`, 'application/json'],
    ['JSON that is sent as YAML', `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`, yaml],
    ['flow in YAML', `a: ${'['.repeat(deep)}${']'.repeat(deep)}`, yaml],
    ['flow in YAML that never ends', `a: ${'{a: '.repeat(deep)}`, yaml],
    ['blocks of YAML', blocks, yaml],
    ['lists of YAML in one line', '- '.repeat(deep), yaml],
    ['keys of YAML', '? '.repeat(deep), yaml],
    ['aliases of YAML', aliases.join('\n'), yaml],
  ])('of %s ends with 400', async (_, body, type) => {
    const refused = await it.post(path, body, type);
    expect([refused.status, refused.json.reason]).toEqual([400, 'BadRequest']);
    const patch = { method: 'PATCH', body, headers: { 'content-type': 'application/merge-patch+json' } };
    expect((await it.send(`${path}/none`, patch)).status).toBeGreaterThanOrEqual(400);
  });
});

describe('YAML', () => {
  test('that unfolds into billions is refused', async () => {
    const names = [...'abcdefghijklmnop'];
    const lines = names.map((name, at) =>
      at === 0 ? 'a: &a [lol, lol]' : `${name}: &${name} [${`*${names[at - 1]},`.repeat(9)}]`,
    );
    const laughs = await it.post(path, lines.join('\n'), yaml);
    expect(laughs.status).toBe(400);
    expect(laughs.json.message).toMatch(/yaml: document contains excessive aliasing/);
    const quadratic = `a: &a ${'x'.repeat(1_000_000)}\nb: [${'*a,'.repeat(100_000)}]`;
    expect((await it.post(path, quadratic, yaml)).status).toBe(400);
    expect((await it.post(path, 'a: &a\n  b: *a', yaml)).status).toBe(400);
  });

  test('that is large and of no use takes seconds at most, and holds nobody else up', async () => {
    const hostile = [
      'a: "'.repeat(500_000),
      `{${'a,'.repeat(700_000)}`,
      '&a '.repeat(500_000),
      '!'.repeat(1_500_000),
      '---\n'.repeat(300_000),
      'a: b: c\n'.repeat(100_000),
    ];
    const refusals = hostile.map(async (text) => (await it.post(path, text, yaml)).status);
    for (let others = 0; others < 20; others++) {
      expect(
        (await it.post(path, `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other-${others}}`, yaml)).status,
      ).toBe(201);
    }
    for (const status of await Promise.all(refusals)) expect([400, 413, 429]).toContain(status);
  });

  test('means what it means to Kubernetes', async () => {
    const text = `
metadata: {name: meanings}
data:
  plain: "yes"
  quoted: '0644'
  date: 2001-01-01
  time: 12:30:45
  folded: >-
    one
    two`;
    const made = await it.post(path, text, yaml);
    expect(made.json.data).toEqual({
      plain: 'yes',
      quoted: '0644',
      date: '2001-01-01',
      time: '12:30:45',
      folded: 'one two',
    });
    const account = JSON.stringify({ metadata: { name: 'default' } });
    await it.post('/api/v1/namespaces/default/serviceaccounts', account);
    const volumes = 'volumes: [{name: v, configMap: {name: c, defaultMode: 0644, optional: yes}}]';
    const pod = `metadata: {name: octal}\nspec: {containers: [{name: c, image: i}], ${volumes}}`;
    const read = await it.post('/api/v1/namespaces/default/pods?dryRun=All', pod, yaml);
    expect(read.json.spec.volumes[0].configMap).toEqual({ name: 'c', defaultMode: 420, optional: true });
    expect((await it.post(path, 'metadata: {name: a}\n---\nmetadata: {name: b}', yaml)).status).toBe(400);
    // Nothing is an object without a name.
    expect((await it.post(path, '# nothing\n', yaml)).json).toMatchObject({ code: 422, reason: 'Invalid' });
  });
});

describe('what a body says twice', () => {
  const json =
    '{"metadata":{"name":"twice"},"data":{"a":"1","b":"2","a":"3"},"immutable":false,"immutable":false,"odd":1}';
  const text =
    'metadata: {name: twice}\ndata:\n  a: "1"\n  b: "2"\n  a: "3"\nodd: 1\nimmutable: false\nimmutable: false\n';

  test('in JSON is a warning, an error, or nothing', async () => {
    const warned = await it.post(`${path}?dryRun=All`, json);
    expect(warned.json.data).toEqual({ a: '3', b: '2' });
    expect(warned.headers.warning).toBe(
      '299 - "unknown field \\"odd\\"", 299 - "duplicate field \\"data.a\\"", 299 - "duplicate field \\"immutable\\""',
    );
    const refused = await strictly(json);
    expect(refused.status).toBe(400);
    expect(refused.json.message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: ' +
        'strict decoding error: unknown field "odd", duplicate field "data.a", duplicate field "immutable"',
    );
    const ignored = await it.post(`${path}?dryRun=All&fieldValidation=Ignore`, json);
    expect([ignored.status, ignored.headers.warning]).toEqual([201, undefined]);
  });

  test('in YAML too, by its line', async () => {
    const warned = await it.post(`${path}?dryRun=All`, text, yaml);
    expect(warned.json.data).toEqual({ a: '3', b: '2' });
    expect(warned.headers.warning).toContain('299 - "line 5: key \\"a\\" already set in map"');
    const refused = await strictly(text, yaml);
    expect(refused.json.message).toContain(
      'strict decoding error: yaml: unmarshal errors:\n  line 5: key "a" already set in map\n' +
        '  line 8: key "immutable" already set in map, unknown field "odd"',
    );
  });

  test('in a patch as well', async () => {
    await it.post(path, named('patched'));
    const headers = { 'content-type': 'application/merge-patch+json' };
    const body = '{"data":{"a":"1","a":"2"}}';
    const refused = await it.send(`${path}/patched?fieldValidation=Strict`, { method: 'PATCH', body, headers });
    expect(refused.status).toBe(422);
    expect(refused.json.message).toContain('strict decoding error: duplicate field "data.a"');
    const odd = '{"data":{"a":"1","a":"2"},"odd":1}';
    const both = await it.send(`${path}/patched?fieldValidation=Strict`, { method: 'PATCH', body: odd, headers });
    expect(both.json.message).toContain('strict decoding error: duplicate field "data.a", unknown field "odd"');
  });
});

describe('texts and numbers', () => {
  test('that are not UTF-8 are refused, by their place', async () => {
    const body = Buffer.from(named('latin', { data: { a: 'é' } }), 'latin1');
    const refused = await it.post(path, body);
    expect(refused.status).toBe(400);
    expect(refused.json.message).toBe(
      `the body is not UTF-8: the byte at position ${body.indexOf(0xe9)} does not belong`,
    );
    expect((await it.post(path, Buffer.from([0x61, 0x3a, 0x20, 0xff]), yaml)).json.message).toMatch(/position 3 /);
    const cut = Buffer.from(named('cut', { data: { a: '€' } })).subarray(0, -5);
    expect((await it.post(path, cut)).status).toBe(400);
    expect((await it.post(path, named('whole', { data: { a: '€😀\u0000\u2028' } }))).json.data.a).toBe(
      '€😀\u0000\u2028',
    );
  });

  test('that JSON or Kubernetes does not have are refused', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const pod = (seconds: string) =>
      `{"metadata":{"name":"n"},"spec":{"containers":[{"name":"c","image":"i"}],"activeDeadlineSeconds":${seconds}}}`;
    for (const number of ['NaN', 'Infinity', '1e400', '9'.repeat(400), '1e99', '99999999999999999999', '0x10', '01']) {
      const refused = await it.post(pods, pod(number));
      expect([number, refused.status]).toEqual([number, 400]);
      expect(refused.json.kind).toBe('Status');
    }
    for (const number of ['.nan', '.inf', '-.Inf']) {
      const text = `metadata: {name: n}\nspec: {activeDeadlineSeconds: ${number}}`;
      expect((await it.post(pods, text, yaml)).status).toBe(400);
    }
  });
});

describe('a body that cannot be read', () => {
  const create = (body: string | Buffer) => it.post(path, body);
  const patch = (type: string, body: string) =>
    it.send(`${path}/any`, { method: 'PATCH', body, headers: { 'content-type': type } });

  test.each([
    ['', "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"],
    ['{"a":', 'couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"a":)'],
    ['x', "couldn't get version/kind; json parse error: invalid character 'x' looking for beginning of value (78)"],
    [
      '[]',
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
    ],
    [
      '{"apiVersion":5}',
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal number into Go struct field .apiVersion of type string ({"apiVersion":5})',
    ],
  ])('%j is refused in the words of Kubernetes', async (body, why) => {
    const refused = await create(body);
    expect(refused.status).toBe(400);
    expect(refused.json.message).toBe(`the object provided is unrecognized (must be of type ConfigMap): ${why}`);
  });

  test('or has no metadata that could be', async () => {
    expect((await create('null')).json).toMatchObject({ code: 422, reason: 'Invalid' });
    expect((await create('{"metadata":null}')).json).toMatchObject({ code: 422, reason: 'Invalid' });
    expect((await create('{"metadata":[]}')).json.message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal array into Go struct field ConfigMap.metadata of type v1.ObjectMeta',
    );
  });

  test.each([
    ['application/json-patch+json', '[', 'error decoding patch: unexpected end of JSON input'],
    ['application/merge-patch+json', '', 'error decoding patch: unexpected end of JSON input'],
    [
      'application/merge-patch+json',
      '5',
      'error decoding patch: json: cannot unmarshal number into Go value of type map[string]interface {}',
    ],
    ['application/strategic-merge-patch+json', '{"a":', 'unexpected end of JSON input'],
    [
      'application/strategic-merge-patch+json',
      '[]',
      'json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
    [
      'application/apply-patch+yaml',
      'x',
      'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type map[string]interface {}',
    ],
  ])('nor as a patch of %s: %j', async (type, body, message) => {
    expect((await patch(type, body)).json).toMatchObject({ code: 400, reason: 'BadRequest', message });
  });

  test('scales nothing and deletes nothing', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const spec = { replicas: 3, selector: { matchLabels: { a: 'b' } }, template };
    await it.post(deployments, JSON.stringify({ metadata: { name: 'kept' }, spec }));
    const headers = { 'content-type': 'application/json' };
    for (const body of ['', '{', 'null', '{}', '[]', '{"kind":[]}', '{"metadata":5}', '{"spec":{"replicas":0}}']) {
      const scaled = await it.send(`${deployments}/kept/scale`, { method: 'PUT', body, headers });
      expect([body, scaled.status]).toEqual([body, 400]);
    }
    for (const body of ['{', '[]', '5', '{"kind":[]}', '{"apiVersion":5}']) {
      const length = { ...headers, 'content-length': body.length };
      const deleted = await it.send(`${deployments}/kept`, { method: 'DELETE', body, headers: length });
      expect([body, deleted.status]).toEqual([body, 400]);
      expect(deleted.json.message).toMatch(/^couldn't get version\/kind; json parse error: /);
    }
    expect((await it.send(`${deployments}/kept`)).json.spec.replicas).toBe(3);
  });

  test('times that are none are refused, also where only the server sets them', async () => {
    const made = (metadata: object) => create(JSON.stringify({ metadata: { name: 'when', ...metadata } }));
    for (const creationTimestamp of ['yesterday', '9999999-01-01T00:00:00Z', 5]) {
      expect((await made({ creationTimestamp })).status).toBe(400);
    }
    const set = await made({ creationTimestamp: '2020-01-01T00:00:00Z', uid: 'mine', selfLink: '/x' });
    expect(set.status).toBe(201);
    expect(set.json.metadata.creationTimestamp).not.toBe('2020-01-01T00:00:00Z');
    expect(set.json.metadata.uid).not.toBe('mine');
    expect(set.json.metadata.selfLink).toBeUndefined();
  });

  test('a record of owners that holds null is none', async () => {
    await create(named('recorded', { data: { a: 'b' } }));
    for (const managedFields of [[null], [null, null], [{}], null]) {
      const body = JSON.stringify({ metadata: { managedFields } });
      const headers = { 'content-type': 'application/merge-patch+json' };
      expect((await it.send(`${path}/recorded`, { method: 'PATCH', body, headers })).status).toBe(200);
    }
  });

  test('half a pair of surrogates is replaced, as no text can hold it', async () => {
    const body = '{"metadata":{"name":"halves"},"data":{"a":"q\\ud800q","b":"\\udc00\\ud83d\\ude00"}}';
    expect((await create(body)).json.data).toEqual({ a: 'q\ufffdq', b: '\ufffd😀' });
  });

  test('types that are not served are named', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'application/foo+json', 'text/plain']) {
      const refused = await it.post(path, '{}', type);
      expect(refused.status).toBe(415);
      expect(refused.json.message).toContain('application/json, application/yaml, application/vnd.kubernetes.protobuf');
    }
  });
});
