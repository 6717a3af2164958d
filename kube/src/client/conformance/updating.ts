import { beforeAll, describe, expect, test } from 'vitest';
import { type Deployment, resources } from '../../objects/index.ts';
import type { KubeClient } from '../types.ts';
import type { Suite } from './suite.ts';

/** Replacement, and the status apart from it. */
export function updating(suite: Suite): void {
  const { configMap, deployment, key } = suite.objects;
  let client: KubeClient;
  beforeAll(() => {
    ({ client } = suite.underTest());
  });

  describe('update', () => {
    test('replaces, with a new version; a version that is not the present one is a Conflict', async () => {
      const first = await client.create(resources.configMaps, configMap('updated', { a: '1', b: '1' }));
      const second = await client.update(resources.configMaps, { ...first, data: { a: '2' } });
      expect(second.data).toEqual({ a: '2' });
      expect(second.metadata.uid).toBe(first.metadata.uid);
      expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
      await expect(client.update(resources.configMaps, { ...first, data: { a: '3' } })).rejects.toMatchObject({
        code: 'Conflict',
      });
      const { resourceVersion: _, ...unversioned } = first.metadata;
      const forced = await client.update(resources.configMaps, { ...first, metadata: unversioned, data: { a: '4' } });
      expect(forced.data).toEqual({ a: '4' });
    });

    test('one that changes nothing leaves the version alone', async () => {
      const first = await client.create(resources.configMaps, configMap('unchanged', { a: '1' }));
      const second = await client.update(resources.configMaps, first);
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    test('what the caller holds is not what the server keeps', async () => {
      const mine = configMap('aliased', { a: '1' });
      await client.create(resources.configMaps, mine);
      mine.data = { a: 'changed after the call' };
      expect((await client.get(resources.configMaps, key('aliased'))).data).toEqual({ a: '1' });
    });

    test('status and specification are written apart, and only the latter moves the generation', async () => {
      const first = await client.create(resources.deployments, deployment('apart'));
      expect(first.metadata.generation).toBe(1);
      const withStatus = { ...first, spec: { ...first.spec, replicas: 9 }, status: { replicas: 5 } } as Deployment;
      const second = await client.update(resources.deployments, withStatus, { subresource: 'status' });
      expect(second.spec?.replicas).toBe(2);
      expect(second.status?.replicas).toBe(5);
      expect(second.metadata.generation).toBe(1);
      const { status: _, ...bare } = second;
      const third = await client.update(resources.deployments, {
        ...bare,
        spec: { ...second.spec, replicas: 3 },
      } as Deployment);
      expect(third.metadata.generation).toBe(2);
      expect(third.status?.replicas).toBe(5);
    });
  });
}
