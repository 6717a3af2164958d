import type { KubeObject, Resource } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { startTestApi } from '../testing.ts';

const autoscalers = (version: string): Resource => ({
  group: 'autoscaling',
  version,
  resource: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  namespaced: true,
});
const events = (group: string): Resource => ({
  group,
  version: 'v1',
  resource: 'events',
  kind: 'Event',
  namespaced: true,
});
const masters = { name: 'root', groups: ['system:masters'] };
const key = { namespace: 'default', name: 'one' };

test('an autoscaler is the same object in both versions, and neither loses what the other says', async () => {
  await using server = await startTestApi();
  const client = server.api.client(masters);
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
  const spec = { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 70 };
  const made = await client.create(autoscalers('v1'), {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: key,
    spec,
  });
  expect(made).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 70 } });
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } };
  const newer = await client.get(autoscalers('v2'), key);
  expect(newer).toMatchObject({ apiVersion: 'autoscaling/v2', spec: { metrics: [cpu] } });

  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 50 } },
  };
  await client.patch(autoscalers('v2'), key, { type: 'merge', body: { spec: { metrics: [memory, cpu] } } });
  await client.patch(autoscalers('v1'), key, { type: 'merge', body: { spec: { maxReplicas: 9 } } });
  const after = (await client.get(autoscalers('v2'), key)) as KubeObject & { spec: object };
  expect(after.spec).toMatchObject({ maxReplicas: 9, metrics: [memory, cpu] });
  expect(after.metadata.annotations).toBeUndefined();
});

test('an event of events.k8s.io is seen in the core group, selected by its own fields, and watched', async () => {
  await using server = await startTestApi();
  const client = server.api.client(masters);
  const regarding = { kind: 'Pod', namespace: 'default', name: 'p' };
  const event = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: key,
    eventTime: '2026-01-01T00:00:00.000000Z',
    action: 'Do',
    reason: 'Done',
    note: 'all of it',
    type: 'Normal',
    reportingController: 'test',
    reportingInstance: 'test-1',
    regarding,
  };
  await client.create(events('events.k8s.io'), event);
  const core = await client.get(events(''), key);
  expect(core).toMatchObject({
    apiVersion: 'v1',
    involvedObject: regarding,
    message: 'all of it',
    reportingComponent: 'test',
  });
  const listed = await client.list(events('events.k8s.io'), { fieldSelector: 'regarding.name=p' });
  expect(listed).toMatchObject({ apiVersion: 'events.k8s.io/v1', items: [{ note: 'all of it', regarding }] });
  for await (const seen of client.watch(events('events.k8s.io'), { namespace: 'default' })) {
    expect(seen).toMatchObject({ type: 'ADDED', object: { apiVersion: 'events.k8s.io/v1', note: 'all of it' } });
    break;
  }
});
