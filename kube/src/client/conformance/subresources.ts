import { beforeAll, describe, expect, test } from 'vitest';
import { type Resource, resources } from '../../objects/index.ts';
import type { KubeClient } from '../types.ts';
import { names, type Suite } from './suite.ts';

/** Subresources that take kinds of their own. */
export function subresources(suite: Suite): void {
  const { pod, deployment, key } = suite.objects;
  let client: KubeClient;
  let namespace: string;
  beforeAll(() => {
    ({ client, namespace } = suite.underTest());
  });

  describe('subresources', () => {
    test('binding a pod sets its node, once', async () => {
      await client.create(resources.pods, pod('bound'));
      const binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'bound', namespace },
        target: { apiVersion: 'v1', kind: 'Node', name: 'suite-node' },
      };
      await client.createSubresource(resources.pods, key('bound'), 'binding', binding);
      const got = await client.get(resources.pods, key('bound'));
      expect(got.spec?.nodeName).toBe('suite-node');
      const again = client.createSubresource(resources.pods, key('bound'), 'binding', binding);
      await expect(again).rejects.toMatchObject({ code: 'Conflict' });
      const here = await client.list(resources.pods, { namespace, fieldSelector: 'spec.nodeName=suite-node' });
      expect(names(here)).toEqual(['bound']);
    });

    test('scale changes the replicas', async () => {
      await client.create(resources.deployments, deployment('scaled'));
      const scaled = await client.patch(
        resources.deployments as Resource,
        key('scaled'),
        { type: 'merge', body: { spec: { replicas: 7 } } },
        { subresource: 'scale' },
      );
      expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 7 } });
      expect((await client.get(resources.deployments, key('scaled'))).spec?.replicas).toBe(7);
    });
  });
}
