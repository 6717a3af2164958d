import { beforeAll, describe, expect, test } from 'vitest';
import { resources } from '../../objects/index.ts';
import type { KubeClient } from '../types.ts';
import { names, type Suite } from './suite.ts';

/** Deletion of one and of many. */
export function deleting(suite: Suite): void {
  const { configMap, key } = suite.objects;
  let client: KubeClient;
  let namespace: string;
  beforeAll(() => {
    ({ client, namespace } = suite.underTest());
  });

  describe('delete', () => {
    test('removes; the second time it is NotFound', async () => {
      await client.create(resources.configMaps, configMap('deleted'));
      await client.delete(resources.configMaps, key('deleted'));
      await expect(client.get(resources.configMaps, key('deleted'))).rejects.toMatchObject({ code: 'NotFound' });
      await expect(client.delete(resources.configMaps, key('deleted'))).rejects.toMatchObject({ code: 'NotFound' });
    });

    test('finalizers hold the object', async () => {
      const held = configMap('held');
      held.metadata.finalizers = ['example.com/hold'];
      await client.create(resources.configMaps, held);
      const answer = await client.delete(resources.configMaps, key('held'));
      expect(answer?.metadata.deletionTimestamp).toBeTruthy();
      const got = await client.get(resources.configMaps, key('held'));
      expect(got.metadata.deletionTimestamp).toBeTruthy();
      await client.patch(resources.configMaps, key('held'), {
        type: 'merge',
        body: { metadata: { finalizers: null } },
      });
      await expect(client.get(resources.configMaps, key('held'))).rejects.toMatchObject({ code: 'NotFound' });
    });

    test('preconditions', async () => {
      const made = await client.create(resources.configMaps, configMap('guarded'));
      const wrong = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } };
      await expect(client.delete(resources.configMaps, key('guarded'), wrong)).rejects.toMatchObject({
        code: 'Conflict',
      });
      const { uid } = made.metadata;
      await client.delete(resources.configMaps, key('guarded'), uid === undefined ? {} : { preconditions: { uid } });
      await expect(client.get(resources.configMaps, key('guarded'))).rejects.toMatchObject({ code: 'NotFound' });
    });

    test('a dry run deletes nothing', async () => {
      await client.create(resources.configMaps, configMap('spared'));
      await client.delete(resources.configMaps, key('spared'), { dryRun: true });
      expect((await client.get(resources.configMaps, key('spared'))).metadata.name).toBe('spared');
    });

    test('a collection by its selector', async () => {
      for (const each of ['c-1', 'c-2', 'c-3']) {
        await client.create(
          resources.configMaps,
          configMap(each, {}, { collection: each === 'c-3' ? 'stays' : 'goes' }),
        );
      }
      await client.deleteCollection(resources.configMaps, { namespace, labelSelector: 'collection=goes' });
      const left = await client.list(resources.configMaps, { namespace, labelSelector: 'collection' });
      expect(names(left)).toEqual(['c-3']);
    });
  });
}
