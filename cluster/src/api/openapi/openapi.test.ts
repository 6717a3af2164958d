import { remoteClient } from '@berth/kube/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { definitions } from '../crd/definition.ts';
import { boats, masters } from '../crd/testing.ts';
import { Reader } from '../protobuf/reader.ts';
import { startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
let remote: ReturnType<typeof remoteClient>;

beforeAll(async () => {
  server = await startTestApi();
  const { authority, admin } = server.certificates;
  remote = remoteClient({ server: server.url, ca: authority.cert, cert: admin.cert, key: admin.key });
  await server.api.client(masters).create(definitions, boats());
});

afterAll(async () => {
  await remote.close();
  await server[Symbol.asyncDispose]();
});

/** The values of a message by the numbers of its fields. */
function fields(bytes: unknown): Map<number, unknown[]> {
  const reader = new Reader(bytes as Uint8Array);
  const found = new Map<number, unknown[]>();
  while (!reader.isDone) {
    const { number, value } = reader.field();
    found.set(number, [...(found.get(number) ?? []), value]);
  }
  return found;
}

const text = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString();

/** A map that travels as a message of named values. */
function named(bytes: unknown, entries = 1): Map<string, Uint8Array> {
  const all = (fields(bytes).get(entries) ?? []).map((entry) => fields(entry));
  return new Map(all.map((entry) => [text(entry.get(1)?.[0]), entry.get(2)?.[0] as Uint8Array]));
}

test('version 2 in protobuf holds what its JSON does', async () => {
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  const response = await remote.connection.send({ method: 'GET', path: '/openapi/v2', accept });
  // The type that is asked for is none that a client could read in an answer.
  expect(response.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  const document = fields(new Uint8Array(await response.body.arrayBuffer()));
  const json = (await remote.connection.json({ method: 'GET', path: '/openapi/v2' })) as {
    paths: Record<string, Record<string, unknown>>;
    definitions: Record<string, { properties?: object; required?: string[] }>;
  };

  expect(text(document.get(1)?.[0])).toBe('2.0');
  const paths = named(document.get(8)?.[0], 2);
  expect([...paths.keys()]).toEqual(Object.keys(json.paths));
  const methods = new Map([
    ['get', 2],
    ['put', 3],
    ['post', 4],
    ['delete', 5],
    ['patch', 8],
  ]);
  for (const [path, item] of paths) {
    const operations = Object.keys(json.paths[path] ?? {}).filter((name) => name !== 'parameters');
    const numbers = operations.map((name) => methods.get(name)).sort();
    expect([...fields(item).keys()].filter((number) => number !== 9).sort(), path).toEqual(numbers);
  }

  const schemas = named(document.get(9)?.[0]);
  expect([...schemas.keys()]).toEqual(Object.keys(json.definitions));
  for (const [name, schema] of schemas) {
    const { properties = {}, required = [] } = json.definitions[name] ?? {};
    const written = fields(schema);
    const inner = written.get(25)?.[0];
    expect(inner ? [...named(inner).keys()] : [], name).toEqual(Object.keys(properties));
    expect((written.get(19) ?? []).map(text), name).toEqual(required);
  }
  const boat = fields(schemas.get('com.example.v1.Boat'));
  const extensions = (boat.get(31) ?? []).map((entry) => {
    const [name, value] = [fields(entry).get(1)?.[0], fields(fields(entry).get(2)?.[0]).get(2)?.[0]];
    return [text(name), JSON.parse(text(value))];
  });
  expect(Object.fromEntries(extensions)).toEqual({
    'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Boat', version: 'v1' }],
  });
});

test('a document that is known is not sent again, and its address promises that it stays', async () => {
  const index = (await remote.connection.json({ method: 'GET', path: '/openapi/v3' })) as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  const path = index.paths['apis/example.com/v1']?.serverRelativeURL ?? '';
  const right = await remote.connection.send({ method: 'GET', path });
  await right.body.dump();
  expect(right.headers['cache-control']).toBe('public, immutable, max-age=31536000');
  const wrong = await remote.connection.send({ method: 'GET', path: path.replace(/hash=.*/, 'hash=00') });
  await wrong.body.dump();
  expect(wrong.headers['cache-control']).not.toContain('immutable');
});
