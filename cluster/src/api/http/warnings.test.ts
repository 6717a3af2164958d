import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Probe, probe } from './probe.ts';

let it: Probe;
beforeAll(async () => {
  it = await probe();
});
afterAll(async () => await it[Symbol.asyncDispose]());

const path = '/api/v1/namespaces/default/configmaps';
const odd = (field: string) => JSON.stringify({ metadata: { name: 'odd' }, [field]: 1 });
const asUtf8 = (header: unknown) => Buffer.from(String(header), 'latin1').toString();

test.each([
  ['名前', '名前'],
  ['😀é', '😀é'],
  ['a\r\nset-cookie: x', 'a\\\\r\\\\nset-cookie: x'],
  ['\u0000\u007f\u0085', '\\\\x00\\\\x7f\\\\u0085'],
  ['\u2028', '\\\\u2028'],
  ['"\\', '\\\\\\"\\\\\\\\'],
])('an unknown field %j is told of, and the object made', async (field, shown) => {
  const made = await it.post(`${path}?dryRun=All`, odd(field));
  expect(made.status).toBe(201);
  expect(asUtf8(made.headers.warning)).toBe(`299 - "unknown field \\"${shown}\\""`);
  expect(made.headers['set-cookie']).toBeUndefined();
});

test('the same over HTTP/2', async () => {
  const headers = { ':method': 'POST', ':path': `${path}?dryRun=All`, 'content-type': 'application/json' };
  const stream = it.session().request(headers);
  stream.end(odd('名前'));
  const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
  expect(answer[':status']).toBe(201);
  expect(asUtf8(answer.warning)).toBe('299 - "unknown field \\"名前\\""');
  stream.close();
});

test('what is unknown in metadata of a custom object is quoted once', async () => {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'odds.example.com' },
    spec: {
      group: 'example.com',
      names: { plural: 'odds', kind: 'Odd' },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  };
  await it.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', JSON.stringify(definition));
  const body = JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Odd', metadata: { name: 'a', '"名': 1 } });
  const made = await it.post('/apis/example.com/v1/namespaces/default/odds', body);
  expect(made.status).toBe(201);
  expect(asUtf8(made.headers.warning)).toBe('299 - "unknown field \\"metadata.\\\\\\"名\\""');
});

test('long warnings are cut, and those beyond the limit left out', async () => {
  const fields = Array.from({ length: 50 }, (_, at) => [`f${at}${'é'.repeat(1000)}`, 1]);
  const made = await it.post(
    `${path}?dryRun=All`,
    JSON.stringify({ metadata: { name: 'odd' }, ...Object.fromEntries(fields) }),
  );
  expect(made.status).toBe(201);
  const told = asUtf8(made.headers.warning).split(', ');
  expect(told).toHaveLength(16);
  for (const [at, text] of told.entries()) {
    expect([...text]).toHaveLength('299 - ""'.length + 256 + 1);
    expect(text).toMatch(new RegExp(`^299 - "unknown field \\\\"f${at}é+"$`));
  }
});

test('what was found is told also when the object is refused for something else', async () => {
  const refused = await it.post(path, JSON.stringify({ metadata: { name: 'NOT A NAME' }, odd: 1 }));
  expect(refused.status).toBe(422);
  expect(refused.headers.warning).toBe('299 - "unknown field \\"odd\\""');
});
