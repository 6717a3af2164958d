import { beforeAll, describe, expect, test } from 'vitest';
import { isBerthError } from '../../errors/index.ts';
import { type ConfigMap, resources } from '../../objects/index.ts';
import type { KubeClient } from '../types.ts';
import type { Suite } from './suite.ts';

/** Creation and reading of one object. */
export function creating(suite: Suite): void {
  const { configMap, key } = suite.objects;
  let client: KubeClient;
  let namespace: string;
  beforeAll(() => {
    ({ client, namespace } = suite.underTest());
  });

  describe('create and get', () => {
    test('fills in what the server owns', async () => {
      const created = await client.create(resources.configMaps, configMap('created', { a: '1' }));
      expect(created.metadata).toMatchObject({ name: 'created', namespace });
      expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(created.metadata.resourceVersion).toBeTruthy();
      const got = await client.get(resources.configMaps, key('created'));
      expect(got).toEqual(created);
      expect(got).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    });

    test('generateName makes names of their own', async () => {
      const make = () => {
        const { name: _, ...metadata } = configMap('').metadata;
        return { ...configMap(''), metadata: { ...metadata, generateName: 'made-' } } as ConfigMap;
      };
      const one = await client.create(resources.configMaps, make());
      const two = await client.create(resources.configMaps, make());
      expect(one.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
      expect(two.metadata.name).not.toBe(one.metadata.name);
    });

    test('a second of the same name is AlreadyExists; one that is not there is NotFound', async () => {
      await client.create(resources.configMaps, configMap('twice'));
      await expect(client.create(resources.configMaps, configMap('twice'))).rejects.toMatchObject({
        code: 'AlreadyExists',
        message: 'configmaps "twice" already exists',
      });
      await expect(client.get(resources.configMaps, key('absent'))).rejects.toMatchObject({
        code: 'NotFound',
        message: 'configmaps "absent" not found',
        details: { name: 'absent', kind: 'configmaps' },
      });
    });

    test('an invalid object is Invalid with a cause for the field', async () => {
      const wrong = await client.create(resources.configMaps, configMap('Not_A_Name')).catch((error) => error);
      expect(isBerthError(wrong, 'Invalid')).toBe(true);
      expect(wrong.details.causes).toContainEqual(expect.objectContaining({ field: 'metadata.name' }));
    });

    test('a dry run answers as if, and keeps nothing', async () => {
      const answer = await client.create(resources.configMaps, configMap('dry'), { dryRun: true });
      expect(answer.metadata.uid).toBeTruthy();
      await expect(client.get(resources.configMaps, key('dry'))).rejects.toMatchObject({ code: 'NotFound' });
    });

    test('a namespace that does not exist is NotFound', async () => {
      const elsewhere = configMap('x');
      elsewhere.metadata.namespace = `${namespace}-absent`;
      await expect(client.create(resources.configMaps, elsewhere)).rejects.toMatchObject({ code: 'NotFound' });
    });
  });
}
