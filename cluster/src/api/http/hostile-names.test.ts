import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Probe, probe } from './probe.ts';

let it: Probe;
beforeAll(async () => {
  it = await probe();
  await it.post('/api/v1/namespaces/default/serviceaccounts', '{"metadata":{"name":"default"}}');
});
afterAll(async () => await it[Symbol.asyncDispose]());

const path = '/api/v1/namespaces/default/configmaps';
const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'];
/** Those that may be names of labels, by Kubernetes' own rules. */
const words = names.filter((name) => !name.startsWith('_'));
const json = 'application/json';
const patch = (name: string, type: string, body: string, query = '') =>
  it.send(`${path}/${name}${query}`, { method: 'PATCH', body, headers: { 'content-type': type } });

/** As text: an object literal would set the prototype instead. */
const object = (entries: readonly (readonly [string, string])[]) =>
  `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
const all = (value: string) => object(names.map((name) => [name, value]));
const own = (value: object) => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
const expected = (value: string) =>
  names.map((name): [string, string] => [name, value]).sort(([a], [b]) => (a < b ? -1 : 1));

function isUntouched(): void {
  const fresh: Record<string, unknown> = {};
  for (const key of ['a', 'polluted', 'data', 'name', 'metadata']) expect(fresh[key]).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
}

describe('names that mean something to JavaScript', () => {
  test('are keys like any other in data, labels and annotations, by every way to write', async () => {
    const text = `{"metadata":{"name":"odd","annotations":${object(words.map((name) => [name, '"x"']))}},"data":${all('"x"')}}`;
    const made = await it.post(path, text);
    expect([made.status, made.json.message]).toEqual([201, undefined]);
    expect(own(made.json.data)).toEqual(expected('x'));
    expect(own(made.json.metadata.annotations)).toEqual(expected('x').filter(([name]) => words.includes(name)));
    const refused = await it.post(path, `{"metadata":{"name":"refused","labels":${all('"x"')}}}`);
    expect([refused.status, refused.json.details.causes.length]).toEqual([422, 2]);
    await it.post(path, '{"metadata":{"name":"target"}}');
    const ways: [string, string, string?][] = [
      ['application/merge-patch+json', `{"data":${all('"merge"')}}`],
      ['application/strategic-merge-patch+json', `{"data":${all('"strategic"')}}`],
      [
        'application/json-patch+json',
        JSON.stringify(names.map((name) => ({ op: 'add', path: `/data/${name}`, value: 'json' }))),
      ],
      [
        'application/apply-patch+yaml',
        `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"target"},"data":${all('"apply"')}}`,
        '?fieldManager=me&force=true',
      ],
    ];
    for (const [type, body, query] of ways) {
      const patched = await patch('target', type, body, query);
      const value = /application\/(merge|strategic|json|apply)/.exec(type)?.[1] ?? '';
      expect([type, patched.status]).toEqual([type, 200]);
      expect([type, own(patched.json.data)]).toEqual([type, expected(value)]);
      expect(own((await it.send(`${path}/target`)).json.data)).toEqual(expected(value));
    }
    const removed = await patch('target', 'application/merge-patch+json', `{"data":${all('null')}}`);
    expect(removed.json.data ?? {}).toEqual({});
    isUntouched();
  });

  test('in YAML too', async () => {
    const lines = names.map((name) => `  ${name}: x`).join('\n');
    const made = await it.post(path, `metadata: {name: odd-yaml}\ndata:\n${lines}\n`, 'application/yaml');
    expect(own(made.json.data)).toEqual(expected('x'));
    const merged = 'metadata: {name: merged}\nbase: &b {__proto__: {polluted: "1"}}\ndata: {<<: *b, a: "1"}\n';
    expect((await it.post(path, merged, 'application/yaml')).status).toBeLessThan(500);
    isUntouched();
  });

  test('are unknown fields like any other', async () => {
    for (const where of ['', '"metadata":', '"spec":']) {
      const inner = all('{"polluted":1}');
      const body = where === '' ? inner.replace('{', '{"metadata":{"name":"p"},') : `{${where}${inner}}`;
      const strict = await it.post('/api/v1/namespaces/default/pods?fieldValidation=Strict', body);
      expect(strict.status).toBe(400);
      for (const name of names) expect(strict.json.message).toContain(name);
    }
    const warned = await it.post(path, `{"metadata":{"name":"warned"},${all('{"polluted":1}').slice(1)}`);
    expect(warned.status).toBe(201);
    expect(Object.keys(warned.json)).not.toContain('__proto__');
    isUntouched();
  });

  test('may be names of labels in selectors, of objects, of resources and of parameters', async () => {
    for (const name of names) {
      const query = `?labelSelector=${name}%3Dx&fieldSelector=metadata.name!%3D${name}&${name}=1`;
      const selected = await it.send(path + query);
      expect([name, selected.status]).toEqual([name, words.includes(name) ? 200 : 400]);
      expect(selected.json.items ?? []).toEqual([]);
      expect((await it.send(`${path}?fieldSelector=${name}%3Dx`)).status).toBe(400);
      expect((await it.send(`${path}/${name}`)).status).toBe(404);
      expect((await it.send(`/api/v1/${name}`)).status).toBe(404);
      expect((await it.send(`/apis/${name}/v1/${name}`)).status).toBe(404);
      expect((await it.send(`/apis/apps/v1/namespaces/default/deployments/x/${name}`)).status).toBe(404);
      expect((await it.send(path, { headers: { accept: `application/json;as=${name}` } })).status).toBe(406);
      expect((await patch('odd', name, '{}')).status).toBe(415);
      expect((await it.post(path, '{}', name)).status).toBe(415);
      const patched = await patch('odd', 'application/json-patch+json', `[{"op":"${name}","path":"/data/${name}"}]`);
      expect(patched.status).toBeGreaterThanOrEqual(400);
      expect(patched.status).toBeLessThan(500);
    }
    isUntouched();
  });

  test('may be fields of custom resources', async () => {
    const definition = {
      metadata: { name: 'oddities.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'oddities', kind: 'Oddity' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
              },
            },
          },
        ],
      },
    };
    const made = await it.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', JSON.stringify(definition));
    expect(made.status).toBe(201);
    const oddities = '/apis/example.com/v1/namespaces/default/oddities';
    await expect.poll(async () => (await it.send(oddities)).status).toBe(200);
    const body = `{"apiVersion":"example.com/v1","kind":"Oddity","metadata":{"name":"o"},"spec":${all('{"polluted":"1"}')}}`;
    expect((await it.post(oddities, body)).status).toBe(201);
    const read = await it.send(`${oddities}/o`);
    expect(own(read.json.spec).map(([name]) => name)).toEqual(expected('').map(([name]) => name));
    const headers = { 'content-type': 'application/merge-patch+json' };
    const merged = await it.send(`${oddities}/o`, {
      method: 'PATCH',
      body: `{"spec":${all('{"more":"2"}')}}`,
      headers,
    });
    for (const [, value] of own(merged.json.spec)) expect(value).toEqual({ polluted: '1', more: '2' });
    isUntouched();
  });
});

describe('paths and queries', () => {
  test('that are not what they seem are refused', async () => {
    for (const name of ['%ff', '%c0%ae%c0%ae', '%', '%zz', 'a%00b', 'a%2Fb', 'a%25b', '..%2f..', '%2e%2e']) {
      const { status, json: body } = await it.send(`${path}/${name}`);
      expect([name, status === 400 || status === 404, body?.kind]).toEqual([name, true, 'Status']);
    }
    expect((await it.send(`${path}/a%2Fb`)).json).toMatchObject({
      code: 400,
      message: 'Name parameter invalid: "a/b": may not contain \'/\'',
    });
    for (const query of [
      'labelSelector=%ff',
      'labelSelector=%00',
      'fieldSelector=%ff%3Dx',
      'continue=%ff',
      'limit=%ff',
    ]) {
      expect([query, (await it.send(`${path}?${query}`)).status]).toEqual([query, 400]);
    }
    const long = 'x'.repeat(20_000);
    expect((await it.send(`${path}/${long}`)).status).toBe(404);
    expect((await it.send(`${path}?labelSelector=${long}`)).status).toBe(400);
    const made = await it.post(path, JSON.stringify({ metadata: { name: long } }), json);
    expect(made.status).toBe(422);
  });
});
