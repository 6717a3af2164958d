import { remoteClient } from '@berth/kube/client';
import type { KubeObject } from '@berth/kube/objects';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';
import { definitions } from './definition.ts';
import { boat, boatResource, boats, boatVersion, masters } from './testing.ts';

let server: TestApi;
let remote: ReturnType<typeof remoteClient>;
let serial = 0;
let name = '';
const key = () => ({ namespace: 'default', name });
const client = () => server.api.client(masters);
const path = (rest = '') => `/apis/example.com/v1/namespaces/default/boats${rest}`;

beforeAll(async () => {
  server = await startTestApi();
  const { authority, admin } = server.certificates;
  remote = remoteClient({ server: server.url, ca: authority.cert, cert: admin.cert, key: admin.key });
  const version = boatVersion('v1', {
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.selector',
      },
    },
    selectableFields: [{ jsonPath: '.spec.colour' }],
    additionalPrinterColumns: [
      { name: 'Length', type: 'integer', jsonPath: '.spec.length' },
      { name: 'Colour', type: 'string', jsonPath: '.spec.colour', priority: 1 },
      { name: 'Crew', type: 'string', jsonPath: '.spec.crew[*].name' },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
  });
  const names = { plural: 'boats', kind: 'Boat', shortNames: ['bt'], categories: ['all'] };
  await client().create(definitions, boats([version], { names }));
});

afterAll(async () => {
  await remote.close();
  await server[Symbol.asyncDispose]();
});

beforeEach(() => {
  name = `boat-${serial++}`;
});

const made = (spec: Record<string, unknown> = {}) => client().create(boatResource(), boat(name, spec));

describe('writing', () => {
  test('what the schema does not know is dropped, and what it forbids is refused field by field', async () => {
    const object = await made({ length: 3, sails: 2 });
    expect(object.spec).toEqual({ length: 3, colour: 'white' });
    const wrong = client().create(boatResource(), boat('wrong', { length: 0, colour: 7 }));
    await expect(wrong).rejects.toMatchObject({ code: 'Invalid' });
    const error = (await wrong.catch((caught) => caught)) as { message: string };
    expect(error.message).toContain('Boat.example.com "wrong" is invalid: ');
    expect(error.message).toContain(
      'spec.length: Invalid value: 0: spec.length in body should be greater than or equal to 1',
    );
    expect(error.message).toContain(
      'spec.colour: Invalid value: "integer": spec.colour in body must be of type string: "integer"',
    );
  });

  test('the generation moves with all but metadata and status, and status only through its own door', async () => {
    await made({ length: 3 });
    const first = await client().patch(boatResource(), key(), {
      type: 'merge',
      body: { metadata: { labels: { a: 'b' } }, status: { afloat: true } },
    });
    expect(first).toMatchObject({ metadata: { generation: 1, labels: { a: 'b' } } });
    expect(first.status).toBeUndefined();
    const second = await client().patch(
      boatResource(),
      key(),
      { type: 'merge', body: { spec: { length: 9 }, metadata: { labels: { a: 'c' } }, status: { afloat: true } } },
      { subresource: 'status' },
    );
    expect(second).toMatchObject({ metadata: { generation: 1 }, spec: { length: 3 }, status: { afloat: true } });
    const third = await client().patch(boatResource(), key(), { type: 'merge', body: { spec: { length: 4 } } });
    expect(third.metadata.generation).toBe(2);
  });

  test('an update says what it replaces', async () => {
    const object = await made({ length: 3 });
    const { resourceVersion: _, ...metadata } = object.metadata;
    await expect(client().update(boatResource(), { ...object, metadata })).rejects.toMatchObject({
      code: 'Invalid',
      message: `boats.example.com "${name}" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
    });
  });

  test('a strategic merge patch is refused as Kubernetes does', async () => {
    await made();
    const patching = remote.patch(boatResource(), key(), { type: 'strategic', body: { spec: { length: 4 } } });
    await expect(patching).rejects.toMatchObject({
      code: 'UnsupportedMediaType',
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    });
  });

  test('server-side apply merges lists by the keys of the schema and finds conflicts', async () => {
    const config = (crew: object[]): KubeObject => boat(name, { crew });
    await client().apply(boatResource(), config([{ name: 'ann', role: 'cook' }]), { fieldManager: 'one' });
    await client().apply(boatResource(), config([{ name: 'bob', role: 'mate' }]), { fieldManager: 'two' });
    const both = await client().get(boatResource(), key());
    expect(both.spec).toMatchObject({ crew: [{ name: 'ann' }, { name: 'bob' }] });
    const conflict = client().apply(boatResource(), config([{ name: 'ann', role: 'captain' }]), {
      fieldManager: 'two',
    });
    await expect(conflict).rejects.toMatchObject({ code: 'Conflict' });
    const error = (await conflict.catch((caught) => caught)) as { message: string };
    expect(error.message).toContain('conflict with "one": .spec.crew[name="ann"].role');
  });

  test('an element without the key of its list is refused in a patch as anywhere', async () => {
    await made();
    const patching = client().patch(boatResource(), key(), {
      type: 'merge',
      body: { spec: { crew: [{ role: 'x' }] } },
    });
    await expect(patching).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('spec.crew[0].name: Required value'),
    });
  });

  test('a name that is no subresource is not found', async () => {
    await made();
    await expect(remote.connection.json({ method: 'GET', path: path(`/${name}/mast`) })).rejects.toMatchObject({
      code: 'NotFound',
      message: `boats.example.com "${name}" not found`,
    });
  });
});

describe('scale', () => {
  const scale = (method: 'GET' | 'PATCH' | 'PUT', body?: object) =>
    remote.connection.json({
      method,
      path: path(`/${name}/scale`),
      ...(body ? { body, contentType: method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' } : {}),
    });

  test('reads and writes where the definition says', async () => {
    await made({ replicas: 2 });
    const status = { replicas: 1, selector: 'boat=one' };
    await client().patch(boatResource(), key(), { type: 'merge', body: { status } }, { subresource: 'status' });
    expect(await scale('GET')).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name },
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'boat=one' },
    });
    expect(await scale('PATCH', { spec: { replicas: 5 } })).toMatchObject({ spec: { replicas: 5 } });
    expect(await client().get(boatResource(), key())).toMatchObject({
      spec: { replicas: 5 },
      metadata: { generation: 2 },
    });
  });

  test('says what is missing when the object has no such field', async () => {
    await made();
    await expect(scale('GET')).rejects.toMatchObject({
      code: 'InternalError',
      message: 'Internal error occurred: the spec replicas field ".spec.replicas" does not exist',
    });
    await expect(scale('PATCH', { metadata: {} })).rejects.toMatchObject({
      code: 'BadRequest',
      message: 'the spec replicas field ".spec.replicas" cannot be empty',
    });
    expect(await scale('PATCH', { spec: { replicas: 3 } })).toMatchObject({ spec: { replicas: 3 } });
  });
});

describe('reading', () => {
  test('a table has the columns of the definition', async () => {
    await made({ length: 12, crew: [{ name: 'ann' }, { name: 'bob' }] });
    const table = (await remote.connection.json({
      method: 'GET',
      path: path(`/${name}`),
      accept: 'application/json;as=Table;g=meta.k8s.io;v=v1',
    })) as { columnDefinitions: { name: string; priority: number }[]; rows: { cells: unknown[] }[] };
    expect(table.columnDefinitions.map((column) => [column.name, column.priority])).toEqual([
      ['Name', 0],
      ['Length', 0],
      ['Colour', 1],
      ['Crew', 0],
      ['Age', 0],
    ]);
    expect(table.rows[0]?.cells.slice(0, 4)).toEqual([name, 12, 'white', 'ann']);
    expect(table.rows[0]?.cells[4]).toMatch(/^\ds$/);
  });

  test('selectable fields select, others are refused', async () => {
    await made({ colour: 'red' });
    const { items } = await client().list(boatResource(), { fieldSelector: 'spec.colour=red' });
    expect(items.map((item) => item.metadata.name)).toEqual([name]);
    await expect(client().list(boatResource(), { fieldSelector: 'spec.length=3' })).rejects.toMatchObject({
      code: 'BadRequest',
      message: expect.stringContaining('field label not supported: spec.length'),
    });
  });

  test('a watch begins with what there is when it is asked to', async () => {
    await made({ colour: 'blue' });
    const seen: string[] = [];
    const options = { fieldSelector: 'spec.colour=blue', sendInitialEvents: true, allowWatchBookmarks: true };
    for await (const { type, object } of remote.watch(boatResource(), options)) {
      seen.push(`${type} ${object.metadata.name ?? ''}`.trim());
      if (object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true') break;
    }
    expect(seen).toEqual([`ADDED ${name}`, 'BOOKMARK']);
  });

  test('deletecollection takes what the selectors take', async () => {
    await made({ colour: 'green' });
    await client().deleteCollection(boatResource(), { namespace: 'default', fieldSelector: 'spec.colour=green' });
    await expect(client().get(boatResource(), key())).rejects.toMatchObject({ code: 'NotFound' });
  });
});
