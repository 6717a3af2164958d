import type { KubeClient } from '@berth/kube/client';
import { type KubeObject, type Resource, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
let client: KubeClient;
const key = (name: string) => ({ namespace: 'default', name });
beforeAll(async () => {
  server = await startTestApi();
  client = server.api.client({ name: 'root', groups: ['system:masters'] });
});
afterAll(async () => await server[Symbol.asyncDispose]());

const deployments: Resource = resources.deployments;
const deployment = (name: string, replicas?: number) =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: key(name),
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  }) as KubeObject;
const scaleOf = (name: string, replicas: number) =>
  ({ apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: key(name), spec: { replicas } }) as KubeObject;
const owners = async (name: string) =>
  (await client.get(deployments, key(name))).metadata.managedFields?.map(
    ({ manager, operation, subresource, time, fieldsV1 }) => ({
      manager,
      operation,
      subresource,
      timed: time !== undefined,
      replicas: (fieldsV1 as { 'f:spec'?: { 'f:replicas'?: object } })['f:spec']?.['f:replicas'] !== undefined,
    }),
  );

test('who scales owns the number, and nobody else does any more', async () => {
  await client.create(deployments, deployment('scaled', 1), { fieldManager: 'creator' });
  await client.update(deployments, scaleOf('scaled', 3), { fieldManager: 'scaler', subresource: 'scale' });
  expect(await owners('scaled')).toEqual([
    { manager: 'scaler', operation: 'Update', subresource: 'scale', timed: false, replicas: true },
    { manager: 'creator', operation: 'Update', subresource: undefined, timed: true, replicas: false },
  ]);
});

test('a scale can be applied, which conflicts with who applied another number', async () => {
  await client.apply(deployments, deployment('applied', 1), { fieldManager: 'one' });
  const apply = (force: boolean) =>
    client.apply(deployments, scaleOf('applied', 2), { fieldManager: 'two', subresource: 'scale', force });
  await expect(apply(false)).rejects.toMatchObject({
    code: 'Conflict',
    message: 'Apply failed with 1 conflict: conflict with "one": .spec.replicas',
  });
  expect(await apply(true)).toMatchObject({ kind: 'Scale', spec: { replicas: 2 } });
  expect((await owners('applied'))?.filter(({ replicas }) => replicas)).toEqual([
    { manager: 'two', operation: 'Apply', subresource: 'scale', timed: false, replicas: true },
  ]);
});
