import type { KubeClient } from '@berth/kube/client';
import type { KubeObject, Resource } from '@berth/kube/objects';
import { type Pod, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
let client: KubeClient;
const namespace = 'default';
const key = (name: string) => ({ namespace, name });
const budgets: Resource = {
  group: 'policy',
  version: 'v1',
  resource: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
};

beforeAll(async () => {
  server = await startTestApi();
  client = server.api.client({ name: 'root', groups: ['system:masters'] });
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: key('default') } as const;
  await client.create(resources.serviceAccounts, account);
});
afterAll(async () => await server[Symbol.asyncDispose]());

async function given(name: string, phase: string, ready: 'True' | 'False'): Promise<Pod> {
  await client.create(resources.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...key(name), labels: { app: name } },
    spec: { nodeName: 'n', containers: [{ name: 'main', image: 'example/main:1' }] },
  });
  const body = { status: { phase, conditions: [{ type: 'Ready', status: ready }] } };
  return await client.patch(resources.pods, key(name), { type: 'merge', body }, { subresource: 'status' });
}

/** A budget for the pod `name`, whose controller has seen it when a status is given. */
async function guard(name: string, status?: object, more: { spec?: object; as?: string } = {}): Promise<void> {
  await client.create(budgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: key(more.as ?? name),
    spec: { minAvailable: 1, selector: { matchLabels: { app: name } }, ...more.spec },
  });
  if (!status) return;
  const body = { status: { observedGeneration: 1, currentHealthy: 0, desiredHealthy: 0, expectedPods: 3, ...status } };
  await client.patch(budgets, key(name), { type: 'merge', body }, { subresource: 'status' });
}

function evict(name: string, deleteOptions?: object) {
  const body = { metadata: key(name), ...(deleteOptions ? { deleteOptions } : {}) };
  return client.createSubresource(resources.pods, key(name), 'eviction', body);
}

const statusOf = async (name: string) =>
  ((await client.get(budgets, key(name))) as KubeObject & { status: object }).status;

const condition = (status: string, reason: string, message: string) => [
  { type: 'DisruptionAllowed', status, reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' },
];
const refusal = (message: string) => ({
  code: 'TooManyRequests',
  message: "Cannot evict pod as it would violate the pod's disruption budget.",
  details: { causes: [{ reason: 'DisruptionBudget', message }] },
});

/** Each as kube-apiserver v1.35 answers. */
test.each([
  ['unseen', undefined, 'The disruption budget unseen is still being processed by the server.'],
  [
    'few',
    { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 },
    'The disruption budget few needs 1 healthy pods and has 1 currently',
  ],
  [
    'unsure',
    { disruptionsAllowed: 0, currentHealthy: 3, conditions: condition('False', 'SyncFailed', 'it failed') },
    'The disruption budget unsure does not allow evicting pods currently because it failed sync: it failed',
  ],
  [
    'frozen',
    { disruptionsAllowed: 0, currentHealthy: 3, conditions: condition('False', 'Mine', 'not now') },
    'The disruption budget frozen does not allow evicting pods currently (Mine): not now',
  ],
  [
    'silent',
    { disruptionsAllowed: 0, currentHealthy: 3 },
    'The disruption budget silent does not allow evicting pods currently',
  ],
])('says why not: %s', async (name, status, message) => {
  await given(name, 'Running', 'True');
  await guard(name, status);
  await expect(evict(name)).rejects.toMatchObject(refusal(message));
  await expect(evict(name, { dryRun: ['All'] })).rejects.toMatchObject(refusal(message));
  const { metadata, status: now } = await client.get(resources.pods, key(name));
  expect(metadata.deletionTimestamp).toBeUndefined();
  expect(now?.conditions).toHaveLength(1);
});

test('takes a disruption from the budget, and says in the pod why it goes', async () => {
  await given('last', 'Running', 'True');
  await guard('last', {
    disruptionsAllowed: 1,
    currentHealthy: 2,
    conditions: condition('True', 'SufficientPods', ''),
  });
  await evict('last', { dryRun: ['All'] });
  expect(await statusOf('last')).toMatchObject({ disruptionsAllowed: 1 });
  await evict('last', { gracePeriodSeconds: 3 });
  const { metadata, status } = await client.get(resources.pods, key('last'));
  expect(metadata).toMatchObject({ deletionGracePeriodSeconds: 3, generation: 2 });
  expect(status?.conditions?.at(-1)).toEqual({
    type: 'DisruptionTarget',
    status: 'True',
    lastTransitionTime: expect.any(String),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  });
  expect(await statusOf('last')).toMatchObject({
    disruptionsAllowed: 0,
    disruptedPods: { last: expect.any(String) },
    conditions: [{ status: 'False', reason: 'InsufficientPods', message: '', observedGeneration: 1 }],
  });
  // It is on its way already.
  await evict('last');
  expect(await statusOf('last')).toMatchObject({ disruptionsAllowed: 0 });
});

test('asks nobody about pods that never started or ended', async () => {
  for (const phase of ['Pending', 'Succeeded', 'Failed']) {
    const name = phase.toLowerCase();
    await given(name, phase, 'False');
    await guard(name);
    await evict(name);
  }
  expect((await client.get(resources.pods, key('pending'))).metadata.deletionTimestamp).toBeDefined();
});

test('lets pods that are not ready go while enough others are, or where the budget always does', async () => {
  const enough = { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 };
  const few = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1 };
  await given('sick', 'Running', 'False');
  await guard('sick', enough);
  await evict('sick');
  expect(await statusOf('sick')).not.toHaveProperty('disruptedPods');
  await given('needed', 'Running', 'False');
  await guard('needed', few);
  await expect(evict('needed')).rejects.toMatchObject({ code: 'TooManyRequests' });
  await given('unneeded', 'Running', 'False');
  await guard('unneeded', few, { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } });
  await evict('unneeded');
  for (const name of ['sick', 'unneeded']) {
    expect((await client.get(resources.pods, key(name))).metadata.deletionTimestamp).toBeDefined();
  }
});

test('minds what the deletion was said to be of', async () => {
  const { metadata } = await given('meant', 'Running', 'True');
  const conflicts = (preconditions: object, message: RegExp) =>
    expect(evict('meant', { preconditions })).rejects.toMatchObject({
      code: 'Conflict',
      message: expect.stringMatching(message),
    });
  await conflicts(
    { uid: 'x' },
    new RegExp(
      `^Operation cannot be fulfilled on Pod "meant": the UID in the precondition \\(x\\) does not match the UID in record \\(${metadata.uid}\\)`,
    ),
  );
  await conflicts({ resourceVersion: '1' }, /the ResourceVersion in the precondition \(1\) does not match/);
  await evict('meant', { preconditions: { resourceVersion: metadata.resourceVersion } });
  expect((await client.get(resources.pods, key('meant'))).metadata.deletionTimestamp).toBeDefined();
});

test('refuses what it cannot do', async () => {
  await given('torn', 'Running', 'True');
  await guard('torn', { disruptionsAllowed: 1 });
  await guard('torn', undefined, { as: 'torn-too' });
  const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
  await expect(evict('torn')).rejects.toMatchObject({ code: 'InternalError', message });
  await given('odd', 'Running', 'True');
  await expect(evict('odd', { ignoreStoreReadErrorWithClusterBreakingPotential: true })).rejects.toMatchObject({
    code: 'Invalid',
    details: {
      kind: 'Eviction',
      causes: [{ field: 'deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential' }],
    },
  });
});
