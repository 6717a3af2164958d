import { type Pod, resources } from '@berth/kube/objects';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startTestApi } from '../api/testing.ts';
import { startSimulatedNodes } from './simulated.ts';

test('simulated nodes are ready, and their pods run, end and go', async () => {
  await using api = await startTestApi();
  const client = api.api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  const metadata = { name: 'default', namespace: 'default' };
  await client.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  const { signal } = new AbortController();
  const nodes = await startSimulatedNodes({ client, count: 20, logger: pino({ level: 'silent' }), signal });
  const listed = await client.list(resources.nodes);
  expect(listed.items).toHaveLength(20);
  const ready = listed.items.map((node) => node.status?.conditions?.find(({ type }) => type === 'Ready')?.status);
  expect(new Set(ready)).toEqual(new Set(['True']));

  const create = (name: string, spec: object, annotations = {}) =>
    client.create(resources.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', annotations },
      spec: { nodeName: 'simulated-7', containers: [{ name: 'main', image: 'x' }], ...spec },
    });
  const phase = (name: string) =>
    client.get<Pod>(resources.pods, { namespace: 'default', name }).then(
      (pod) => pod.status?.phase,
      () => 'gone',
    );
  await create('stays', {});
  await create('ends', { restartPolicy: 'Never' }, { 'berth.dev/simulated-run-seconds': '0' });
  await expect.poll(() => phase('stays')).toBe('Running');
  await expect.poll(() => phase('ends')).toBe('Succeeded');
  await client.delete(resources.pods, { namespace: 'default', name: 'stays' });
  await expect.poll(() => phase('stays')).toBe('gone');
  await nodes.stop();
});
