import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BerthError } from '@berth/kube/errors';
import type { KubeObject, Resource } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { openLmdbStore } from '../../store/index.ts';
import { startTestApi } from '../testing.ts';
import { startTestWebhook } from '../webhook/testing.ts';
import { definitions } from './definition.ts';
import { boat, boatResource, boats, boatVersion, condition, definitionWhere, masters } from './testing.ts';

const webhookConfigurations: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
  namespaced: false,
};
const key = (name: string) => ({ namespace: 'default', name });

test('a kind may be used as soon as its definition is made', async () => {
  await using server = await startTestApi();
  const client = server.api.client(masters);
  const made = await client.create(definitions, boats());
  expect(made.status?.storedVersions).toEqual(['v1']);
  const one = await client.create(boatResource(), boat('one', { length: 7 }));
  expect(one).toMatchObject({ kind: 'Boat', spec: { length: 7, colour: 'white' }, metadata: { generation: 1 } });
  const list = await client.list(boatResource(), { namespace: 'default' });
  expect(list).toMatchObject({ kind: 'BoatList', apiVersion: 'example.com/v1', items: [{ spec: { length: 7 } }] });

  const established = await definitionWhere(
    client,
    'boats.example.com',
    (found) => condition(found, 'Established')?.status === 'True',
  );
  expect(established?.status).toMatchObject({
    acceptedNames: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' },
    storedVersions: ['v1'],
  });
  expect(condition(established, 'NamesAccepted')).toMatchObject({
    status: 'True',
    reason: 'NoConflicts',
    message: 'no conflicts found',
  });
  expect(condition(established, 'Established')).toMatchObject({
    reason: 'InitialNamesAccepted',
    message: 'the initial names have been accepted',
  });
});

test.each([
  ['no specification', undefined, 'spec.versions'],
  [
    'no versions',
    { group: 'example.com', scope: 'Namespaced', names: { plural: 'boats', kind: 'Boat' } },
    'spec.versions',
  ],
  ['no names', { group: 'example.com', scope: 'Namespaced', versions: [boatVersion('v1')] }, 'spec.names.plural'],
])('a definition with %s is refused, field by field', async (_what, spec, field) => {
  await using server = await startTestApi();
  const client = server.api.client(masters);
  const creating = client.create(definitions, { ...boats(), spec } as never);
  await expect(creating).rejects.toMatchObject({ code: 'Invalid' });
  const error = (await creating.catch((caught) => caught)) as BerthError;
  expect(error.details?.causes?.map((cause) => cause.field)).toContain(field);
});

test('a name that another kind of the group has is not accepted until it is free', async () => {
  await using server = await startTestApi();
  const client = server.api.client(masters);
  await client.create(definitions, boats());
  const ships = boats([boatVersion('v1')], { names: { plural: 'ships', kind: 'Boat', shortNames: ['boat'] } });
  await client.create(definitions, ships);
  const refused = await definitionWhere(
    client,
    'ships.example.com',
    (found) => condition(found, 'NamesAccepted')?.status === 'False',
  );
  expect(condition(refused, 'NamesAccepted')).toMatchObject({ reason: 'ListKindConflict' });
  expect(condition(refused, 'Established')).toMatchObject({
    status: 'False',
    reason: 'NotAccepted',
    message: 'not all names are accepted',
  });
  await expect(client.list({ ...boatResource(), resource: 'ships' })).rejects.toMatchObject({ code: 'NotFound' });

  await client.delete(definitions, { name: 'boats.example.com' });
  await definitionWhere(client, 'ships.example.com', (found) => condition(found, 'Established')?.status === 'True');
  expect((await client.list({ ...boatResource(), resource: 'ships' })).items).toEqual([]);
});

test('a built-in kind is never taken over', async () => {
  await using server = await startTestApi();
  const client = server.api.client(masters);
  const group = 'networking.k8s.io';
  const ingresses = boats([boatVersion('v1')], { group, names: { plural: 'ingresses', kind: 'Boat' } });
  await expect(client.create(definitions, ingresses)).rejects.toMatchObject({ code: 'Invalid' });
  ingresses.metadata.annotations = { 'api-approved.kubernetes.io': 'unapproved, experimental-only' };
  await client.create(definitions, ingresses);
  const refused = await definitionWhere(
    client,
    'ingresses.networking.k8s.io',
    (found) => condition(found, 'NamesAccepted')?.status === 'False',
  );
  expect(condition(refused, 'NamesAccepted')).toMatchObject({
    reason: 'PluralConflict',
    message: '"ingresses" is already in use',
  });
  expect(condition(refused, 'KubernetesAPIApprovalPolicyConformant')).toMatchObject({
    status: 'False',
    reason: 'UnapprovedAnnotation',
    message: 'not approved: "unapproved, experimental-only"',
  });
});

test('present definitions are served when the server is up', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-custom-'));
  const open = () => openLmdbStore({ directory });
  try {
    {
      await using server = await startTestApi({ store: await open() });
      const client = server.api.client(masters);
      await client.create(definitions, boats());
      await client.create(boatResource(), boat('one'));
      const held = boat('held');
      held.metadata.finalizers = ['example.com/anchor'];
      await client.create(boatResource(), held);
      await client.create(definitions, boats([boatVersion('v1')], { names: { plural: 'ships', kind: 'Ship' } }));
      await client.delete(definitions, { name: 'ships.example.com' });
    }
    await using server = await startTestApi({ store: await open() });
    const client = server.api.client(masters);
    expect((await client.list(boatResource())).items).toHaveLength(2);
    await definitionWhere(client, 'ships.example.com', (found) => found === undefined);
    // What was being deleted when the server ended goes on being deleted.
    await client.delete(definitions, { name: 'boats.example.com' });
    await client.patch(boatResource(), key('held'), { type: 'merge', body: { metadata: { finalizers: null } } });
    await definitionWhere(client, 'boats.example.com', (found) => found === undefined);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('a deleted definition takes its objects along, those with finalizers in their time', async () => {
  await using server = await startTestApi();
  const client = server.api.client(masters);
  await client.create(definitions, boats());
  for (let i = 0; i < 200; i++) await client.create(boatResource(), boat(`boat-${i}`));
  const held = boat('held');
  held.metadata.finalizers = ['example.com/anchor'];
  await client.create(boatResource(), held);
  const seen: string[] = [];
  const watching = (async () => {
    for await (const { type } of client.watch(boatResource(), { namespace: 'default' })) seen.push(type);
  })();
  const deleting = await client.delete(definitions, { name: 'boats.example.com' });
  expect(deleting?.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
  expect(condition(deleting, 'Terminating')).toMatchObject({ status: 'True', reason: 'InstanceDeletionPending' });
  await expect(client.create(boatResource(), boat('late'))).rejects.toMatchObject({
    code: 'MethodNotAllowed',
    message: 'create not allowed while custom resource definition is terminating',
  });
  await definitionWhere(
    client,
    'boats.example.com',
    (found) => condition(found, 'Terminating')?.reason === 'InstanceDeletionInProgress',
  );
  for (;;) {
    const { items } = await client.list(boatResource(), { namespace: 'default' });
    if (items.length === 1 && items[0]?.metadata.name === 'held' && items[0].metadata.deletionTimestamp) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await client.patch(boatResource(), key('held'), { type: 'merge', body: { metadata: { finalizers: null } } });
  await definitionWhere(client, 'boats.example.com', (found) => found === undefined);
  await expect(client.list(boatResource())).rejects.toMatchObject({ code: 'NotFound' });
  await watching;
  expect(seen.filter((type) => type === 'DELETED')).toHaveLength(201);
});

test('a definition whose objects may not be deleted says so, and goes when they may', async () => {
  let isRefusing = true;
  await using hook = await startTestWebhook((body) => {
    const { request, ...review } = body as { request: { uid: string } };
    return { ...review, response: { uid: request.uid, allowed: !isRefusing, status: { message: 'they stay' } } };
  });
  await using server = await startTestApi();
  const client = server.api.client(masters);
  await client.create(definitions, boats());
  await client.create(boatResource(), boat('one'));
  await client.create(webhookConfigurations, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'harbour-master' },
    webhooks: [
      {
        name: 'boats.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        rules: [{ apiGroups: ['example.com'], apiVersions: ['*'], resources: ['boats'], operations: ['DELETE'] }],
        clientConfig: { url: `${hook.url}/`, caBundle: hook.caBundle },
      },
    ],
  } as KubeObject);
  await client.delete(definitions, { name: 'boats.example.com' });
  const stuck = await definitionWhere(
    client,
    'boats.example.com',
    (found) => condition(found, 'Terminating')?.reason === 'InstanceDeletionFailed',
  );
  expect(condition(stuck, 'Terminating')?.message).toMatch(/^could not issue all deletes: .*they stay$/);
  isRefusing = false;
  await definitionWhere(client, 'boats.example.com', (found) => found === undefined);
});

test('of definitions that want the same name at once, one gets it', async () => {
  await using server = await startTestApi();
  const client = server.api.client(masters);
  const wanting = Array.from({ length: 8 }, (_, i) =>
    boats([boatVersion('v1')], { names: { plural: `boats${i}`, kind: 'Boat' } }),
  );
  await Promise.all(wanting.map((definition) => client.create(definitions, definition)));
  await Promise.all(
    wanting.map(({ metadata }) =>
      definitionWhere(client, metadata.name, (found) => condition(found, 'NamesAccepted') !== undefined),
    ),
  );
  const { items } = await client.list(definitions);
  expect(items.filter((one) => condition(one, 'Established')?.status === 'True')).toHaveLength(1);
});

test('what is read of a definition right after it was made or changed is not written again behind it', async () => {
  await using server = await startTestApi();
  const client = server.api.client(masters);
  const made = await client.create(definitions, boats());
  expect(condition(made, 'Established')).toMatchObject({ status: 'True' });
  const changed = await client.update(definitions, {
    ...made,
    spec: { ...made.spec, names: { ...made.spec.names, shortNames: ['bt'] } },
  });
  expect(changed.status?.acceptedNames?.shortNames).toEqual(['bt']);
  const again = await client.update(definitions, { ...changed, metadata: { ...changed.metadata, labels: { a: 'b' } } });
  const { items } = await client.list(definitions);
  expect(items.map(({ metadata }) => metadata.resourceVersion)).toContain(again.metadata.resourceVersion);
});
