import { remoteClient } from '@berth/kube/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';
import { definitions } from './definition.ts';
import { boat, boatResource, boatSchema, boats, boatVersion, masters } from './testing.ts';

let server: TestApi;
let remote: ReturnType<typeof remoteClient>;
const client = () => server.api.client(masters);

beforeAll(async () => {
  server = await startTestApi();
  const { authority, admin } = server.certificates;
  remote = remoteClient({ server: server.url, ca: authority.cert, cert: admin.cert, key: admin.key });
});

afterAll(async () => {
  await remote.close();
  await server[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await client().deleteCollection(definitions, {});
  for (;;) {
    const { items } = await client().list(definitions);
    if (items.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

const get = async <T>(path: string, accept = 'application/json') =>
  (await remote.connection.json({ method: 'GET', path, accept })) as T;

interface Groups {
  groups: { name: string; versions: { version: string }[]; preferredVersion: { version: string } }[];
}
interface Aggregated {
  items: {
    metadata: { name: string };
    versions: { version: string; resources: { resource: string; verbs: string[]; shortNames?: string[] }[] }[];
  }[];
}
interface Resources {
  resources: { name: string; verbs: string[]; singularName: string; storageVersionHash?: string; kind: string }[];
}
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

test('discovery orders versions by priority and follows what is served', async () => {
  const versions = ['v1beta1', 'v2', 'v1', 'v1alpha1', 'v10', 'foo'].map((name) =>
    boatVersion(name, { storage: name === 'v2', subresources: { status: {} } }),
  );
  const names = { plural: 'boats', kind: 'Boat', shortNames: ['bt'] };
  await client().create(definitions, boats(versions, { names }));
  const inOrder = ['v10', 'v2', 'v1', 'v1beta1', 'v1alpha1', 'foo'];
  const { groups } = await get<Groups>('/apis');
  const group = groups.find(({ name }) => name === 'example.com');
  expect(group?.versions.map(({ version }) => version)).toEqual(inOrder);
  expect(group?.preferredVersion.version).toBe('v10');
  expect(groups.at(-1)?.name).toBe('example.com');
  const found = (await get<Aggregated>('/apis', aggregated)).items.find(
    ({ metadata }) => metadata.name === 'example.com',
  );
  expect(found?.versions.map(({ version }) => version)).toEqual(inOrder);
  expect(found?.versions[0]?.resources).toMatchObject([
    { resource: 'boats', shortNames: ['bt'], subresources: [{ subresource: 'status' }] },
  ]);
  const v1 = await get<Resources>('/apis/example.com/v1');
  const v10 = await get<Resources>('/apis/example.com/v10');
  expect(v1.resources.map(({ name }) => name)).toEqual(['boats', 'boats/status']);
  expect(v1.resources[0]?.storageVersionHash).toBe(v10.resources[0]?.storageVersionHash);

  const held = boat('held', {}, 'v1');
  held.metadata.finalizers = ['example.com/anchor'];
  await client().create(boatResource(), held);
  await client().delete(definitions, { name: 'boats.example.com' });
  expect((await get<Resources>('/apis/example.com/v1')).resources[0]?.verbs).not.toContain('create');
  const body = { metadata: { finalizers: null } };
  await client().patch(boatResource(), { namespace: 'default', name: 'held' }, { type: 'merge', body });
});

test('OpenAPI v3 has a document for the group version, and leaves the others alone', async () => {
  type Index = { paths: Record<string, { serverRelativeURL: string }> };
  const before = await get<Index>('/openapi/v3');
  await client().create(definitions, boats([boatVersion('v1'), boatVersion('v2', { storage: false })]));
  const after = await get<Index>('/openapi/v3');
  const { 'apis/example.com/v1': v1, 'apis/example.com/v2': v2, ...others } = after.paths;
  expect(others).toEqual(before.paths);
  type Document = {
    paths: Record<string, Record<string, { requestBody?: { content: object } }>>;
    components: { schemas: Record<string, { properties: object }> };
  };
  const document = await get<Document>(v1?.serverRelativeURL ?? '');
  expect(document.components.schemas['com.example.v1.Boat']).toMatchObject({
    properties: { spec: boatSchema.properties?.spec, metadata: { allOf: [{}] } },
    'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Boat', version: 'v1' }],
  });
  const patch = document.paths['/apis/example.com/v1/namespaces/{namespace}/boats/{name}']?.patch;
  expect(Object.keys(patch?.requestBody?.content ?? {})).toEqual([
    'application/json-patch+json',
    'application/merge-patch+json',
    'application/apply-patch+yaml',
  ]);

  const schema = structuredClone(boatSchema);
  schema.description = 'Floats.';
  const changed = boatVersion('v1', { schema: { openAPIV3Schema: schema } });
  const body = { spec: { versions: [changed, boatVersion('v2', { storage: false })] } };
  await client().patch(definitions, { name: 'boats.example.com' }, { type: 'merge', body });
  const again = await get<Index>('/openapi/v3');
  expect(again.paths['apis/example.com/v2']).toEqual(v2);
  expect(again.paths['apis/example.com/v1']).not.toEqual(v1);
  const newer = await get<Document>(again.paths['apis/example.com/v1']?.serverRelativeURL ?? '');
  expect(newer.components.schemas['com.example.v1.Boat']).toMatchObject({ description: 'Floats.' });
});

test('OpenAPI v2 publishes the kind as it is written, without what it has no words for', async () => {
  const schema = structuredClone(boatSchema);
  const spec = schema.properties?.spec;
  if (spec?.properties) {
    spec.properties.depth = { type: 'integer', nullable: true };
    spec.properties.cargo = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  }
  await client().create(definitions, boats([boatVersion('v1', { schema: { openAPIV3Schema: schema } })]));
  type Document = { definitions: Record<string, { properties: { spec: { properties: object } } }> };
  const document = await get<Document>('/openapi/v2');
  const published = document.definitions['com.example.v1.Boat'];
  expect(published?.properties.spec.properties).toEqual({
    ...spec?.properties,
    depth: {},
    cargo: { 'x-kubernetes-preserve-unknown-fields': true },
  });
});
