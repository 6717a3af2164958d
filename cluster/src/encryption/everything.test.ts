import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KubeObject, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../store/temporary.ts';
import { filesWith, placesIn, secret } from './testing.ts';
import { startAtRest } from './testing-server.ts';
import { asBuffer, isEncrypted } from './transformer.ts';

const namespace = 'default';
const pandas = { group: 'bears.example', version: 'v1', resource: 'pandas', kind: 'Panda', namespaced: true };

const definitions = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'pandas.bears.example' },
  spec: {
    group: pandas.group,
    scope: 'Namespaced',
    names: { plural: 'pandas', singular: 'panda', kind: 'Panda', listKind: 'PandaList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
} as unknown as KubeObject;

test('with wildcards every kind is encrypted, custom ones too, but what an earlier rule keeps plain', async () => {
  await using directory = await temporaryDirectory();
  const places = placesIn(directory.path);
  const file = join(directory.path, 'configuration.json');
  const gcm = { aesgcm: { keys: [{ name: 'one', secret: Buffer.alloc(16, 1).toString('base64') }] } };
  const configure = (...rules: object[]) =>
    writeFileSync(
      file,
      JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources: rules }),
    );
  configure(
    { resources: ['configmaps'], providers: [{ identity: {} }] },
    {
      resources: ['*.bears.example'],
      providers: [{ secretbox: { keys: [{ name: 'bears', secret: Buffer.alloc(32, 2).toString('base64') }] } }],
    },
    { resources: ['*.*'], providers: [gcm] },
  );
  const panda = (name: string) => ({
    apiVersion: 'bears.example/v1',
    kind: 'Panda',
    metadata: { name, namespace },
    note: 'marker-panda',
  });
  {
    await using running = await startAtRest(directory.path, { file, reload: false });
    const { client } = running;
    await client.create(resources.secrets, secret('s', 'marker-secret'));
    await client.create(resources.configMaps, {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace } },
      data: { text: 'marker-map' },
    });
    await client.create(definitions, definition);
    await expect
      .poll(() =>
        client.create(pandas, panda('p')).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    const kept = new Map(running.control.status().resources.map(({ resource, keys }) => [resource, keys[0]?.key]));
    expect(kept.get('pandas.bears.example')).toBe('secretbox:v1:bears');
    for (const resource of [
      'secrets',
      'namespaces',
      'clusterroles.rbac.authorization.k8s.io',
      'leases.coordination.k8s.io',
    ]) {
      if (kept.has(resource)) expect(kept.get(resource)).toBe('aesgcm:v1:one');
    }
    const plain = running.opened.store
      .list({ prefix: '/registry/' })
      .entries.filter(({ value }) => !isEncrypted(asBuffer(value)));
    expect(plain.length).toBeGreaterThan(0);
    expect(plain.filter(({ key }) => !key.startsWith('/registry/core/configmaps/'))).toEqual([]);
  }
  for (const marker of ['marker-secret', 'marker-panda']) expect(filesWith(places.directory, marker)).toEqual([]);
  expect(filesWith(places.directory, 'marker-map')).toHaveLength(1);
  {
    await using running = await startAtRest(directory.path, { file, reload: false });
    const { client } = running;
    expect((await client.list(pandas, { namespace })).items.map(({ metadata }) => metadata.name)).toEqual(['p']);
    await client.create(pandas, panda('q'));
  }
  configure({ resources: ['*.*'], providers: [gcm] });
  const fault =
    /1 value of pandas\.bears\.example|2 values of pandas\.bears\.example are encrypted under the key secretbox:v1:bears/;
  await expect(startAtRest(directory.path, { file, reload: false })).rejects.toThrow(fault);
});
