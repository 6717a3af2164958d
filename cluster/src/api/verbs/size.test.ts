import { type ConfigMap, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { sendAsAdmin, startTestApi } from '../testing.ts';

const path = '/api/v1/namespaces/default/configmaps';
/** Names as long as they may be, of which each stands in the record of its owner once more. */
const fields = (count: number, prefix = 'k') =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}${at}`.padEnd(250, 'x'), '']));
const configMap = (name: string, more: object): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  ...more,
});

test('an object is refused that is larger than one may be, with the record of who owns its fields', async () => {
  await using server = await startTestApi();
  for (const [count, status] of [
    [100, 201],
    [5000, 413],
    [10_000, 413],
  ] as const) {
    const made = await sendAsAdmin(server, 'POST', path, configMap(`c${count}`, { data: fields(count) }));
    expect([count, made.status]).toEqual([count, status]);
    if (status === 413) expect(made.body).toMatchObject({ reason: 'RequestEntityTooLarge', kind: 'Status' });
  }
  expect((await sendAsAdmin(server, 'PATCH', `${path}/c100`, { data: fields(5000, 'other') })).status).toBe(413);
  const client = server.api.client({ name: 'root', groups: ['system:masters'] });
  const { data } = (await client.get(resources.configMaps, { namespace: 'default', name: 'c100' })) as ConfigMap;
  expect(Object.keys(data ?? {})).toHaveLength(100);
});

test('what Kubernetes takes is taken: a ConfigMap of a MiB', async () => {
  await using server = await startTestApi();
  const made = await sendAsAdmin(server, 'POST', path, configMap('mib', { data: { a: 'x'.repeat(1024 * 1024) } }));
  expect(made.status).toBe(201);
});
