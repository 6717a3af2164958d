import { beforeAll, describe, expect, test } from 'vitest';
import { resources } from '../../objects/index.ts';
import type { KubeClient } from '../types.ts';
import type { Suite } from './suite.ts';

/** Every kind of patch. */
export function patching(suite: Suite): void {
  const { configMap, pod, deployment, key } = suite.objects;
  let client: KubeClient;
  beforeAll(() => {
    ({ client } = suite.underTest());
  });

  describe('patch', () => {
    test('JSON patch, and its test operation', async () => {
      await client.create(resources.configMaps, configMap('json', { a: '1', b: '2' }));
      const patched = await client.patch(resources.configMaps, key('json'), {
        type: 'json',
        body: [
          { op: 'test', path: '/data/a', value: '1' },
          { op: 'remove', path: '/data/b' },
          { op: 'add', path: '/data/c', value: '3' },
        ],
      });
      expect(patched.data).toEqual({ a: '1', c: '3' });
      const failing = client.patch(resources.configMaps, key('json'), {
        type: 'json',
        body: [{ op: 'test', path: '/data/a', value: 'other' }],
      });
      await expect(failing).rejects.toMatchObject({ code: 'Invalid' });
    });

    test('merge patch: null removes', async () => {
      await client.create(resources.configMaps, configMap('merge', { a: '1', b: '2' }));
      const patched = await client.patch(resources.configMaps, key('merge'), {
        type: 'merge',
        body: { data: { a: null, c: '3' } },
      });
      expect(patched.data).toEqual({ b: '2', c: '3' });
    });

    test('strategic merge patch: containers merge by name', async () => {
      await client.create(resources.deployments, deployment('strategic'));
      const patched = await client.patch(resources.deployments, key('strategic'), {
        type: 'strategic',
        body: { spec: { template: { spec: { containers: [{ name: 'side', image: 'example/side:1' }] } } } },
      });
      const containers = patched.spec?.template.spec?.containers.map((each) => each.name) ?? [];
      expect(containers.sort()).toEqual(['main', 'side']);
    });

    test('a version in the patch is a condition', async () => {
      await client.create(resources.configMaps, configMap('conditional', { a: '1' }));
      const failing = client.patch(resources.configMaps, key('conditional'), {
        type: 'merge',
        body: { metadata: { resourceVersion: '1' }, data: { a: '2' } },
      });
      await expect(failing).rejects.toMatchObject({ code: 'Conflict' });
    });

    test('without a version they never conflict, however many come at once', async () => {
      await client.create(resources.configMaps, configMap('busy'));
      const patch = (at: number) =>
        client.patch(resources.configMaps, key('busy'), { type: 'merge', body: { data: { [`k${at}`]: `${at}` } } });
      await Promise.all(Array.from({ length: 12 }, (_, at) => patch(at)));
      const { data } = await client.get(resources.configMaps, key('busy'));
      expect(Object.keys(data ?? {})).toHaveLength(12);
      const last = Promise.allSettled(Array.from({ length: 6 }, (_, at) => patch(at + 100)));
      await client.delete(resources.configMaps, key('busy'));
      await last;
    });

    test('subresource status', async () => {
      await client.create(resources.pods, pod('patched-status'));
      const patched = await client.patch(
        resources.pods,
        key('patched-status'),
        { type: 'merge', body: { status: { phase: 'Running' } } },
        { subresource: 'status' },
      );
      expect(patched.status?.phase).toBe('Running');
    });
  });
}
