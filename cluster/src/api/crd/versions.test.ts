import type { WatchEvent } from '@berth/kube/client';
import { remoteClient } from '@berth/kube/client';
import type { KubeObject } from '@berth/kube/objects';
import type { CustomResourceDefinition } from '@berth/kube/schema';
import { describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';
import { definitions } from './definition.ts';
import {
  boat,
  boatResource,
  boatSchema,
  boats,
  boatVersion,
  type ConversionReview,
  convertedBoat,
  definitionWhere,
  masters,
  startConverted,
} from './testing.ts';

const key = (name: string) => ({ namespace: 'default', name });
const crd = { name: 'boats.example.com' };

/** What is kept, as it is in the store. */
function kept({ store }: TestApi, name: string): KubeObject {
  const { entries } = store.list({ prefix: `/registry/example.com/boats/default/${name}` });
  return JSON.parse(Buffer.from(entries[0]?.value ?? []).toString()) as KubeObject;
}

const withVersions = (versions: CustomResourceDefinition['spec']['versions']) => ({
  type: 'merge' as const,
  body: { spec: { versions } },
});

describe('versions that differ in their name alone', () => {
  test('show the same objects, which move to the new storage version when they are written', async () => {
    await using server = await startTestApi();
    const client = server.api.client(masters);
    await client.create(definitions, boats([boatVersion('v1'), boatVersion('v2', { storage: false })]));
    await client.create(boatResource('v2'), boat('one', { length: 3 }, 'v2'));
    expect(kept(server, 'one').apiVersion).toBe('example.com/v1');
    expect(await client.get(boatResource('v1'), key('one'))).toMatchObject({ apiVersion: 'example.com/v1' });
    expect(await client.get(boatResource('v2'), key('one'))).toMatchObject({
      apiVersion: 'example.com/v2',
      spec: { length: 3 },
    });

    const flipped = [boatVersion('v1', { storage: false }), boatVersion('v2')];
    const changed = await client.patch(definitions, crd, withVersions(flipped));
    expect(changed.status?.storedVersions).toEqual(['v1', 'v2']);
    const before = await client.get(boatResource('v1'), key('one'));
    await client.update(boatResource('v1'), before);
    expect(kept(server, 'one').apiVersion).toBe('example.com/v2');
    const after = await client.get(boatResource('v1'), key('one'));
    expect(after.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
    await client.update(boatResource('v1'), after);
    const still = await client.get(boatResource('v1'), key('one'));
    expect(still.metadata.resourceVersion).toBe(after.metadata.resourceVersion);

    const status = { storedVersions: ['v2'] };
    const migrated = await client.patch(
      definitions,
      crd,
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );
    expect(migrated.status?.storedVersions).toEqual(['v2']);
  });

  test('have defaults of the version that is kept, and no field that the one asked for does not know', async () => {
    await using server = await startTestApi();
    const client = server.api.client(masters);
    const newer = structuredClone(boatSchema);
    if (newer.properties?.spec?.properties) {
      newer.properties.spec.properties = {
        length: { type: 'integer' },
        flag: { type: 'string', default: 'NZ' },
      };
    }
    const v2 = boatVersion('v2', { storage: false, schema: { openAPIV3Schema: newer } });
    await client.create(definitions, boats([boatVersion('v1'), v2]));
    await client.create(boatResource('v1'), boat('one', { length: 3 }));
    expect((await client.get(boatResource('v1'), key('one'))).spec).toEqual({ length: 3, colour: 'white' });
    expect((await client.get(boatResource('v2'), key('one'))).spec).toEqual({ length: 3 });
    // What was kept before a default was added gets it when it is read.
    const older = structuredClone(boatSchema);
    if (older.properties?.spec?.properties) older.properties.spec.properties.berths = { type: 'integer', default: 4 };
    await client.patch(definitions, crd, withVersions([boatVersion('v1', { schema: { openAPIV3Schema: older } }), v2]));
    expect((await client.get(boatResource('v1'), key('one'))).spec).toEqual({ length: 3, colour: 'white', berths: 4 });
    expect(kept(server, 'one').spec).toEqual({ length: 3, colour: 'white' });
  });

  test('warn when they are deprecated', async () => {
    await using server = await startTestApi();
    const client = server.api.client(masters);
    const { authority, admin } = server.certificates;
    const remote = remoteClient({ server: server.url, ca: authority.cert, cert: admin.cert, key: admin.key });
    const deprecated = { storage: false, deprecated: true };
    await client.create(
      definitions,
      boats([
        boatVersion('v1alpha1', { ...deprecated, deprecationWarning: 'sink it' }),
        boatVersion('v1beta1', deprecated),
        boatVersion('v1'),
        boatVersion('v2', { storage: false, served: false }),
      ]),
    );
    const warned = async (version: string) => {
      const response = await remote.connection.send({ method: 'GET', path: `/apis/example.com/${version}/boats` });
      await response.body.dump();
      return response.headers.warning;
    };
    expect(await warned('v1alpha1')).toBe('299 - "sink it"');
    expect(await warned('v1beta1')).toBe('299 - "example.com/v1beta1 Boat is deprecated; use example.com/v1 Boat"');
    expect(await warned('v1')).toBeUndefined();
    await expect(warned('v2')).rejects.toMatchObject({ code: 'NotFound' });
    await remote.close();
  });

  test('warn of formats that mean nothing, once', async () => {
    await using server = await startTestApi();
    const { authority, admin } = server.certificates;
    const remote = remoteClient({ server: server.url, ca: authority.cert, cert: admin.cert, key: admin.key });
    const schema = structuredClone(boatSchema);
    if (schema.properties?.spec?.properties) {
      schema.properties.spec.properties.port = { type: 'string', format: 'harbour' };
      schema.properties.spec.properties.built = { type: 'string', format: 'date' };
    }
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const body = boats([boatVersion('v1', { schema: { openAPIV3Schema: schema } })]);
    const made = await remote.connection.send({ method: 'POST', path, body });
    await made.body.dump();
    expect(made.headers.warning).toBe('299 - "unrecognized format \\"harbour\\""');
    const patch = {
      method: 'PATCH' as const,
      path: `${path}/${crd.name}`,
      contentType: 'application/merge-patch+json',
    };
    const changed = await remote.connection.send({ ...patch, body: { metadata: { labels: { a: 'b' } } } });
    await changed.body.dump();
    expect(changed.headers.warning).toBeUndefined();
    await remote.close();
  });

  test('end their watches when they are served no longer, and go on when their schema changes', async () => {
    await using server = await startTestApi();
    const client = server.api.client(masters);
    await client.create(definitions, boats([boatVersion('v1'), boatVersion('v2', { storage: false })]));
    const seen: Record<string, WatchEvent<KubeObject>[]> = { v1: [], v2: [] };
    const arrived = Promise.withResolvers<void>();
    const follow = async (version: string) => {
      for await (const event of client.watch(boatResource(version), { namespace: 'default' })) {
        seen[version]?.push(event);
        if (version === 'v1' && event.object.metadata.name === 'two') arrived.resolve();
      }
    };
    const watching = { v1: follow('v1'), v2: follow('v2') };
    await client.create(boatResource(), boat('one', { length: 1, sails: 2 }));
    const wider = structuredClone(boatSchema);
    if (wider.properties?.spec?.properties) wider.properties.spec.properties.sails = { type: 'integer' };
    const v1 = boatVersion('v1', { schema: { openAPIV3Schema: wider } });
    await client.patch(definitions, crd, withVersions([v1]));
    await watching.v2;
    await client.create(boatResource(), boat('two', { length: 1, sails: 2 }));
    await arrived.promise;
    expect(seen.v2?.map(({ object }) => object.metadata.name)).toEqual(['one']);
    expect(seen.v1?.map(({ object }) => object.spec)).toEqual([
      { length: 1, colour: 'white' },
      { length: 1, colour: 'white', sails: 2 },
    ]);
    await expect(client.list(boatResource('v2'))).rejects.toMatchObject({ code: 'NotFound' });
  });
});

describe('versions that a webhook converts', () => {
  test('are kept in one and shown in the other, lists in one request', async () => {
    await using given = await startConverted();
    const { client, requests, server } = given;
    await client.create(boatResource('v2'), boat('two', { feet: 9 }, 'v2'));
    expect(kept(server, 'two')).toMatchObject({ apiVersion: 'example.com/v1', spec: { length: 3 } });
    for (const name of ['a', 'b', 'c']) await client.create(boatResource(), boat(name, { length: 2 }));
    requests.length = 0;
    const { items } = await client.list(boatResource('v2'), { namespace: 'default' });
    expect(items.map(({ apiVersion, spec }) => [apiVersion, spec])).toEqual([
      ['example.com/v2', { feet: 6, colour: 'white' }],
      ['example.com/v2', { feet: 6, colour: 'white' }],
      ['example.com/v2', { feet: 6, colour: 'white' }],
      ['example.com/v2', { feet: 9, colour: 'white' }],
    ]);
    expect(requests.map(({ desiredAPIVersion, objects }) => [desiredAPIVersion, objects.length])).toEqual([
      ['example.com/v2', 4],
    ]);
    await client.patch(boatResource('v2'), key('a'), { type: 'merge', body: { spec: { feet: 12 } } });
    expect(await client.get(boatResource(), key('a'))).toMatchObject({ spec: { length: 4 } });
  });

  test('arrive in a watch once for all who watch, in order', async () => {
    await using given = await startConverted();
    const { client, requests } = given;
    const follow = async () => {
      const seen: unknown[] = [];
      for await (const { type, object } of client.watch(boatResource('v2'), { namespace: 'default' })) {
        seen.push([type, object.metadata.name, object.spec]);
        if (type === 'DELETED') return seen;
      }
      return seen;
    };
    const watching = [follow(), follow(), follow()];
    await client.create(boatResource(), boat('a', { length: 1 }));
    await client.create(boatResource(), boat('b', { length: 2 }));
    await client.delete(boatResource(), key('a'));
    for (const seen of await Promise.all(watching)) {
      expect(seen).toEqual([
        ['ADDED', 'a', { feet: 3, colour: 'white' }],
        ['ADDED', 'b', { feet: 6, colour: 'white' }],
        ['DELETED', 'a', { feet: 3, colour: 'white' }],
      ]);
    }
    expect(requests.length).toBeLessThanOrEqual(3);
  });

  const failures: [string, (review: ConversionReview) => unknown, RegExp][] = [
    [
      'fails',
      () => ({}),
      /^conversion webhook for example.com\/v1, Kind=Boat failed: expected webhook response of apiextensions.k8s.io\/v1, Kind=ConversionReview, got /,
    ],
    [
      'says that it cannot',
      ({ apiVersion, request: { uid } }) => ({
        apiVersion,
        kind: 'ConversionReview',
        response: { uid, result: { status: 'Failed', message: 'not today' } },
      }),
      /^conversion webhook for example.com\/v1, Kind=Boat failed: not today$/,
    ],
    [
      'answers too few',
      ({ apiVersion, request: { uid } }) => ({
        apiVersion,
        kind: 'ConversionReview',
        response: { uid, result: { status: 'Success' }, convertedObjects: [] },
      }),
      /^conversion webhook for example.com\/v1, Kind=Boat returned 0 objects, expected 1$/,
    ],
    [
      'answers another object',
      ({ apiVersion, request: { uid, objects, desiredAPIVersion } }) => ({
        apiVersion,
        kind: 'ConversionReview',
        response: {
          uid,
          result: { status: 'Success' },
          convertedObjects: objects.map((object) => ({
            ...object,
            apiVersion: desiredAPIVersion,
            metadata: { ...object.metadata, name: 'other' },
          })),
        },
      }),
      /^conversion webhook for example.com\/v1, Kind=Boat returned invalid object: must have the same name: one != other$/,
    ],
    [
      'answers in the wrong version',
      ({ apiVersion, request: { uid, objects } }) => ({
        apiVersion,
        kind: 'ConversionReview',
        response: { uid, result: { status: 'Success' }, convertedObjects: objects },
      }),
      /^conversion webhook for example.com\/v1, Kind=Boat returned invalid object: invalid groupVersion \(expected example.com\/v2, received example.com\/v1\)$/,
    ],
  ];
  test.each(failures)('are refused with the reason when it %s', async (_how, answer, message) => {
    await using given = await startConverted(answer);
    const { client } = given;
    await client.create(boatResource(), boat('one', { length: 1 }));
    await expect(client.get(boatResource('v2'), key('one'))).rejects.toMatchObject({
      code: 'InternalError',
      message: expect.stringMatching(message),
    });
    const watching = (async () => {
      for await (const _ of client.watch(boatResource('v2'), { namespace: 'default' }));
    })();
    await expect(watching).rejects.toMatchObject({ code: 'InternalError' });
    // The version that is kept needs nobody.
    expect(await client.get(boatResource(), key('one'))).toMatchObject({ spec: { length: 1 } });
    await client.delete(definitions, crd);
    await definitionWhere(client, crd.name, (found) => found === undefined);
  });

  test('may change labels and annotations, and no other metadata', async () => {
    await using given = await startConverted(({ apiVersion, request: { uid, objects, desiredAPIVersion } }) => ({
      apiVersion,
      kind: 'ConversionReview',
      response: {
        uid,
        result: { status: 'Success' },
        convertedObjects: objects.map((object) => ({
          ...convertedBoat(object, desiredAPIVersion),
          metadata: { ...object.metadata, labels: { a: 'b' }, finalizers: ['example.com/x'], generation: 99 },
        })),
      },
    }));
    const { client } = given;
    await client.create(boatResource(), boat('one', { length: 1 }));
    const { metadata } = await client.get(boatResource('v2'), key('one'));
    expect(metadata).toMatchObject({ labels: { a: 'b' }, generation: 1 });
    expect(metadata.finalizers).toBeUndefined();
  });

  test('say why when nobody answers', async () => {
    await using given = await startConverted();
    const { client, hook } = given;
    await client.create(boatResource(), boat('one', { length: 1 }));
    await hook[Symbol.asyncDispose]();
    await expect(client.get(boatResource('v2'), key('one'))).rejects.toThrow(
      `conversion webhook for example.com/v1, Kind=Boat failed: Post "${hook.url}/convert?timeout=30s": dial tcp 127.0.0.1:${hook.port}: connect: connection refused`,
    );
  });
});
