import { beforeAll, describe, expect, test } from 'vitest';
import { resources } from '../../objects/index.ts';
import type { KubeClient } from '../types.ts';
import { names, type Suite } from './suite.ts';

/** Lists: selectors and pages. */
export function listing(suite: Suite): void {
  const { configMap } = suite.objects;
  let client: KubeClient;
  let namespace: string;
  beforeAll(() => {
    ({ client, namespace } = suite.underTest());
  });

  describe('list', () => {
    const prefix = 'listed';
    beforeAll(async () => {
      for (let at = 0; at < 5; at++) {
        const labels = { set: prefix, parity: at % 2 ? 'odd' : 'even' };
        await client.create(resources.configMaps, configMap(`${prefix}-${at}`, {}, labels));
      }
    });

    test('selectors by label and by field', async () => {
      const by = async (options: { labelSelector?: string; fieldSelector?: string }) =>
        names(await client.list(resources.configMaps, { namespace, ...options }));
      expect(await by({ labelSelector: `set=${prefix},parity=odd` })).toEqual(['listed-1', 'listed-3']);
      expect(await by({ labelSelector: `set in (${prefix}),parity notin (odd)` })).toHaveLength(3);
      expect(await by({ labelSelector: `set=${prefix},!parity` })).toEqual([]);
      expect(await by({ fieldSelector: 'metadata.name=listed-2' })).toEqual(['listed-2']);
      expect(await by({ labelSelector: `set=${prefix}`, fieldSelector: 'metadata.name!=listed-2' })).toHaveLength(4);
      await expect(by({ fieldSelector: 'spec.nonsense=1' })).rejects.toMatchObject({ code: 'BadRequest' });
      await expect(by({ labelSelector: 'a in' })).rejects.toMatchObject({ code: 'BadRequest' });
    });

    test('pages are of one version, and together they are the whole', async () => {
      const seen: string[] = [];
      let next: string | undefined;
      const versions = new Set<string | undefined>();
      for (let page = 0; page < 3; page++) {
        const list = await client.list(resources.configMaps, {
          namespace,
          labelSelector: `set=${prefix}`,
          limit: 2,
          ...(next ? { continue: next } : {}),
        });
        // Made between the pages: it must not be in them.
        await client.create(
          resources.configMaps,
          configMap(`${prefix}-4-later-${page}`, {}, { set: prefix, late: 'yes' }),
        );
        versions.add(list.metadata.resourceVersion);
        seen.push(...names(list));
        next = list.metadata.continue;
      }
      expect(next ?? '').toBe('');
      expect(seen).toEqual([0, 1, 2, 3, 4].map((at) => `${prefix}-${at}`));
      expect(versions.size).toBe(1);
    });

    test('without a namespace: all namespaces', async () => {
      const all = await client.list(resources.configMaps, { labelSelector: `set=${prefix},!late` });
      expect(all.items).toHaveLength(5);
      expect(all).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMapList' });
      expect(all.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    });
  });
}
