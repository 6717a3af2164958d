import type { KubeObject } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { boat, boatResource, type ConversionReview, startConverted } from './testing.ts';

const key = { namespace: 'default', name: 'one' };

/** Whose fields are whose: manager, version, and what stands in its part of `spec`. */
function owners({ metadata }: KubeObject) {
  const found = (metadata.managedFields ?? []).map(({ manager = '', apiVersion = '', fieldsV1 }) => {
    const { 'f:spec': spec = {} } = fieldsV1 as { 'f:spec'?: object };
    return [manager, apiVersion, Object.keys(spec).filter((name) => name !== '.')] satisfies [string, string, string[]];
  });
  // Those of one second stand in an order of their own.
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

const failing = (isFailing: () => boolean) => {
  return ({ apiVersion, request: { uid } }: ConversionReview) =>
    isFailing()
      ? { apiVersion, kind: 'ConversionReview', response: { uid, result: { status: 'Failed', message: 'not today' } } }
      : undefined;
};

test('a field that another version renames conflicts with its owner at that version', async () => {
  await using given = await startConverted();
  const { client } = given;
  await client.apply(boatResource('v1'), boat('one', { length: 3 }), { fieldManager: 'metres' });
  const apply = (feet: number, force = false) =>
    client.apply(boatResource('v2'), boat('one', { feet }, 'v2'), { fieldManager: 'feet', force });
  const before = await client.get(boatResource('v1'), key);
  await expect(apply(12)).rejects.toMatchObject({
    code: 'Conflict',
    message: 'Apply failed with 1 conflict: conflict with "metres": .spec.length',
  });
  expect(await client.get(boatResource('v1'), key)).toEqual(before);
  expect(owners(await apply(9))).toEqual([
    ['feet', 'example.com/v2', ['f:feet']],
    ['metres', 'example.com/v1', ['f:length']],
  ]);
  expect(owners(await apply(12, true))).toEqual([['feet', 'example.com/v2', ['f:feet']]]);
  expect(await client.get(boatResource('v1'), key)).toMatchObject({ spec: { length: 4 } });
});

test('what a manager owned at one version goes when it no longer names it at another', async () => {
  await using given = await startConverted();
  const { client } = given;
  await client.apply(boatResource('v1'), boat('one', { length: 3, colour: 'red' }), { fieldManager: 'me' });
  await client.apply(boatResource('v2'), boat('one', { colour: 'red' }, 'v2'), { fieldManager: 'other' });
  const applied = await client.apply(boatResource('v2'), boat('one', {}, 'v2'), { fieldManager: 'me' });
  expect(applied.spec).toEqual({ colour: 'red' });
  expect(owners(applied)).toEqual([
    ['me', 'example.com/v2', []],
    ['other', 'example.com/v2', ['f:colour']],
  ]);
});

test('a field that is kept under its other name stays when others own it there', async () => {
  await using given = await startConverted();
  const { client } = given;
  await client.apply(boatResource('v1'), boat('one', { length: 3, colour: 'red' }), { fieldManager: 'me' });
  await client.apply(boatResource('v2'), boat('one', { feet: 9 }, 'v2'), { fieldManager: 'other' });
  const applied = await client.apply(boatResource('v1'), boat('one', { colour: 'red' }), { fieldManager: 'me' });
  expect(applied.spec).toEqual({ length: 3, colour: 'red' });
});

test('an update at another version takes what it changes from its owner, and nothing that has another name alone', async () => {
  await using given = await startConverted();
  const { client } = given;
  await client.apply(boatResource('v1'), boat('one', { length: 3, colour: 'red' }), { fieldManager: 'me' });
  const change = (spec: object) =>
    client.patch(boatResource('v2'), key, { type: 'merge', body: { spec } }, { fieldManager: 'other' });
  expect(owners(await change({ colour: 'blue' }))).toEqual([
    ['me', 'example.com/v1', ['f:length']],
    ['other', 'example.com/v2', ['f:colour']],
  ]);
  expect(owners(await change({ feet: 12 }))).toEqual([['other', 'example.com/v2', ['f:colour', 'f:feet']]]);
});

test('a webhook that cannot convert fails an apply, which writes nothing; an update leaves nobody recorded', async () => {
  let isFailing = false;
  await using given = await startConverted(failing(() => isFailing));
  const { client } = given;
  await client.apply(boatResource('v2'), boat('one', { feet: 3 }, 'v2'), { fieldManager: 'feet' });
  isFailing = true;
  const before = await client.get(boatResource('v1'), key);
  await expect(
    client.apply(boatResource('v1'), boat('one', { length: 3 }), { fieldManager: 'metres' }),
  ).rejects.toMatchObject({
    code: 'InternalError',
    message: 'conversion webhook for example.com/v1, Kind=Boat failed: not today',
  });
  expect(await client.get(boatResource('v1'), key)).toEqual(before);
  // As in Kubernetes: who writes at the version that is kept needs no webhook.
  const changed = await client.patch(boatResource('v1'), key, { type: 'merge', body: { spec: { length: 2 } } });
  expect(changed.spec).toEqual({ length: 2, colour: 'white' });
  expect(changed.metadata.managedFields).toBeUndefined();
});

test('an object that comes with owners at another version is made without asking the webhook for nothing', async () => {
  await using given = await startConverted();
  const { client, requests } = given;
  const made = boat('one', { length: 3 });
  const fieldsV1 = { 'f:spec': { 'f:feet': {} } };
  made.metadata.managedFields = [
    { manager: 'old', operation: 'Update', apiVersion: 'example.com/v2', fieldsType: 'FieldsV1', fieldsV1 },
  ];
  const created = await client.create(boatResource('v1'), made, { fieldManager: 'new' });
  expect(owners(created)).toEqual([['new', 'example.com/v1', ['f:colour', 'f:length']]]);
  for (const { objects } of requests) for (const { metadata } of objects) expect(metadata.name).toBe('one');
});
