import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { KubeObject, Resource } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../../testing.ts';
import { startTestWebhook, type TestWebhook } from '../../webhook/testing.ts';
import {
  configuration,
  mutatingConfigurations,
  objectOf,
  patched,
  type ReviewRequest,
  reviewing,
  validatingBindings,
  validatingPolicies,
} from '../testing.ts';

const group = 'stable.example.com';
const kindOf = (version: string): Resource => ({
  group,
  version,
  resource: 'boats',
  kind: 'Boat',
  namespaced: true,
});
const definitions: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

let server: TestApi;
let admin: KubeClient;
let webhook: TestWebhook;
const asked: ReviewRequest[] = [];

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client({ name: 'root', groups: ['system:masters'] });
  webhook = await startTestWebhook(
    reviewing((request) => {
      asked.push(request);
      return patched(
        { op: 'add', path: '/spec/flag', value: 'tw' },
        { op: 'add', path: '/spec/unknown', value: 1 },
        { op: 'add', path: '/metadata/labels', value: { seen: 'yes' } },
      );
    }),
  );
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            sails: { type: 'integer' },
            flag: { type: 'string' },
            crew: { type: 'integer', default: 1 },
          },
        },
        status: { type: 'object', properties: { sails: { type: 'integer' } } },
      },
    },
  };
  const version = (name: string) => ({
    name,
    served: true,
    storage: name === 'v2',
    schema,
    subresources: {
      status: {},
      scale: { specReplicasPath: '.spec.sails', statusReplicasPath: '.status.sails' },
    },
  });
  await admin.create(definitions, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `boats.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'boats', kind: 'Boat' },
      versions: [version('v1'), version('v2')],
    },
  });
  for await (const { object } of admin.watch(definitions)) {
    const { status } = object as KubeObject & { status?: { conditions?: { type: string; status: string }[] } };
    if (status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True')) break;
  }
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await webhook[Symbol.asyncDispose]();
});

const boat = (version: string, name: string, spec: object): KubeObject => ({
  apiVersion: `${group}/${version}`,
  kind: 'Boat',
  metadata: { name, namespace: 'default' },
  spec,
});

test('webhooks see custom kinds in the version that they know, and what they add is pruned', async () => {
  const rules = [{ operations: ['CREATE'], apiGroups: [group], apiVersions: ['v1'], resources: ['boats'] }];
  await admin.create(mutatingConfigurations, configuration(mutatingConfigurations, 'change', webhook, { rules }));
  const made = await admin.create(kindOf('v2'), boat('v2', 'one', { sails: 2 }));
  expect(asked[0]).toMatchObject({
    kind: { group, version: 'v1', kind: 'Boat' },
    requestKind: { group, version: 'v2', kind: 'Boat' },
    object: { apiVersion: `${group}/v1`, spec: { sails: 2, crew: 1 } },
  });
  expect(made).toMatchObject({ apiVersion: `${group}/v2`, metadata: { labels: { seen: 'yes' } } });
  expect(made.spec).toEqual({ sails: 2, flag: 'tw', crew: 1 });
  await admin.delete(mutatingConfigurations, { name: 'change' });
});

test('policies judge custom kinds, and their scale as a Scale', async () => {
  const rule = (resource: string) => ({
    operations: ['CREATE', 'UPDATE'],
    apiGroups: [group],
    apiVersions: ['v2'],
    resources: [resource],
  });
  const policy = async (name: string, resource: string, expression: string) => {
    const spec = { matchConstraints: { resourceRules: [rule(resource)] }, validations: [{ expression }] };
    await admin.create(validatingPolicies, objectOf(validatingPolicies, name, { spec }));
    const bound = { policyName: name, validationActions: ['Deny'] };
    await admin.create(validatingBindings, objectOf(validatingBindings, name, { spec: bound }));
  };
  await admin.create(kindOf('v1'), boat('v1', 'two', { sails: 2 }));
  await policy('boats', 'boats', 'object.spec.sails <= 3');
  await policy('scales', 'boats/scale', 'object.kind == "Scale" && object.spec.replicas <= 5');
  const refused = async (promise: Promise<unknown>) => {
    const error = await promise.catch((thrown: unknown) => thrown);
    return isBerthError(error) ? error.message : undefined;
  };
  expect(await refused(admin.create(kindOf('v1'), boat('v1', 'big', { sails: 4 })))).toContain(
    'object.spec.sails <= 3',
  );
  const scale = async (replicas: number) => {
    const body = { spec: { replicas } };
    await admin.patch(
      kindOf('v1'),
      { name: 'two', namespace: 'default' },
      { type: 'merge', body },
      { subresource: 'scale' },
    );
  };
  expect(await refused(scale(6))).toContain('object.spec.replicas <= 5');
  // A scale is no update of the object, so that the other policy has no say in it.
  await scale(4);
});
