import type { KubeClient } from '@berth/kube/client';
import { type ConfigMap, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendAsAdmin, startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
let client: KubeClient;
beforeAll(async () => {
  server = await startTestApi();
  client = server.api.client({ name: 'root', groups: ['system:masters'] });
});
afterAll(async () => await server[Symbol.asyncDispose]());

const path = '/api/v1/namespaces/default/configmaps';
const fields = (count: number, prefix = 'k') =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}${at}`, '']));
const configMap = (name: string, more: object): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  ...more,
});

test('an object is refused that is larger than one may be, with the record of who owns its fields', async () => {
  for (const [count, status] of [
    [10_000, 201],
    [100_000, 413],
    [170_000, 413],
  ] as const) {
    const made = await sendAsAdmin(server, 'POST', path, configMap(`c${count}`, { data: fields(count) }));
    expect([count, made.status]).toEqual([count, status]);
    if (status === 413) expect(made.body).toMatchObject({ reason: 'RequestEntityTooLarge', kind: 'Status' });
  }
  const more = { data: fields(100_000, 'other') };
  expect((await sendAsAdmin(server, 'PATCH', `${path}/c10000`, more)).status).toBe(413);
  expect(
    Object.keys(
      ((await client.get(resources.configMaps, { namespace: 'default', name: 'c10000' })) as ConfigMap).data ?? {},
    ),
  ).toHaveLength(10_000);
});

test('what Kubernetes takes is taken: a ConfigMap of a MiB', async () => {
  const made = await sendAsAdmin(server, 'POST', path, configMap('mib', { data: { a: 'x'.repeat(1024 * 1024) } }));
  expect(made.status).toBe(201);
});
