import { type Node, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { keepControlPlane } from './control-plane.ts';
import { startTestCluster } from './controllers/test-cluster.ts';

const role = 'node-role.kubernetes.io/control-plane';

test('these nodes have the role of a control plane, also when they come again, and others do not', async () => {
  await using cluster = await startTestCluster();
  const { client, signal, until } = cluster;
  const add = (name: string, labels: Record<string, string> = {}) => {
    const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
    return client.create(resources.nodes, node);
  };
  const has = async (name: string) => (await client.get(resources.nodes, { name })).metadata.labels?.[role] === '';
  await Promise.all([add('node-1', { a: 'b' }), add('other')]);
  const failed: unknown[] = [];
  const onError = (error: unknown) => failed.push(error);
  await keepControlPlane({ client, names: ['node-1', 'node-2'], signal, onError });
  expect([await has('node-1'), await has('other')]).toEqual([true, false]);
  await add('node-2');
  await until(() => has('node-2'), 'the role of a new node');
  await client.delete(resources.nodes, { name: 'node-1' });
  await add('node-1');
  await until(() => has('node-1'), 'the role of a node that came again');
  expect([await has('other'), failed]).toEqual([false, []]);
});
