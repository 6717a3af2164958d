import { beforeAll, describe, expect, test } from 'vitest';
import { resources } from '../../objects/index.ts';
import type { KubeClient } from '../types.ts';
import type { Suite } from './suite.ts';

/** Server-side apply. */
export function applying(suite: Suite, skip: string | undefined): void {
  const { configMap } = suite.objects;
  let client: KubeClient;
  beforeAll(() => {
    ({ client } = suite.underTest());
  });

  describe.skipIf(skip !== undefined)(skip === undefined ? 'apply' : `apply (${skip})`, () => {
    const options = { fieldManager: 'suite' };
    test('creates, changes, and removes what is no longer applied', async () => {
      const created = await client.apply(resources.configMaps, configMap('applied', { a: '1', b: '2' }), options);
      expect(created.data).toEqual({ a: '1', b: '2' });
      const changed = await client.apply(resources.configMaps, configMap('applied', { a: '3' }), options);
      expect(changed.data).toEqual({ a: '3' });
      expect(changed.metadata.managedFields?.map((entry) => `${entry.manager} ${entry.operation}`)).toEqual([
        'suite Apply',
      ]);
      const same = await client.apply(resources.configMaps, configMap('applied', { a: '3' }), options);
      expect(same.metadata.resourceVersion).toBe(changed.metadata.resourceVersion);
    });

    test('another manager of the same field is a Conflict, unless forced', async () => {
      await client.apply(resources.configMaps, configMap('contested', { a: '1' }), options);
      const other = (force: boolean) =>
        client.apply(resources.configMaps, configMap('contested', { a: '2' }), { fieldManager: 'other', force });
      await expect(other(false)).rejects.toMatchObject({ code: 'Conflict' });
      expect((await other(true)).data).toEqual({ a: '2' });
    });
  });
}
