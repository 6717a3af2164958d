import { isDeepStrictEqual } from 'node:util';
import { type KubeObject, type Resource, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { resourceQuotas } from '../quota/index.ts';
import { customResourceDefinitions } from './served.ts';
import { startFakeKubelet, startTestCluster, type TestCluster } from './test-cluster.ts';

const boats = (version = 'v1'): Resource => ({
  group: 'example.com',
  version,
  resource: 'boats',
  kind: 'Boat',
  namespaced: true,
});
const key = (name: string) => ({ namespace: 'shop', name });
const version = (name: string, more: object = {}) => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  ...more,
});
const define = ({ client }: TestCluster) =>
  client.create(customResourceDefinitions, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boats.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'boats', kind: 'Boat' },
      versions: [version('v1')],
    },
  });

function make({ client }: TestCluster, name: string, owner?: KubeObject): Promise<KubeObject> {
  const { apiVersion = '', kind = '', metadata } = owner ?? {};
  const ownerReferences = metadata ? [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' }] : [];
  return client.create(boats(), {
    apiVersion: 'example.com/v1',
    kind: 'Boat',
    metadata: { ...key(name), ownerReferences },
  });
}

const gone = async ({ client }: TestCluster, resource: Resource, name: string) =>
  (await client.list(resource, { namespace: 'shop', fieldSelector: `metadata.name=${name}` })).items.length === 0;

test('custom objects own and are owned like any other', async () => {
  await using cluster = await startTestCluster();
  const { client } = cluster;
  await define(cluster);
  const owner = await make(cluster, 'owner');
  const [{ apiVersion, kind }, { uid = '' }] = [owner, owner.metadata];
  const ownerReferences = [{ apiVersion, kind, name: 'owner', uid }];
  await client.create(resources.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...key('cargo'), ownerReferences },
  });
  await make(cluster, 'dinghy', owner);
  await client.delete(boats(), key('owner'), { propagationPolicy: 'Background' });
  await cluster.until(() => gone(cluster, boats(), 'dinghy'), 'the custom dependent goes');
  await cluster.until(() => gone(cluster, resources.configMaps, 'cargo'), 'the built-in dependent goes');
  expect(cluster.errors).toEqual([]);
});

test('a namespace takes its custom objects along, in whatever version they are served later', async () => {
  await using cluster = await startTestCluster();
  const { client } = cluster;
  await define(cluster);
  await make(cluster, 'one');
  const versions = [version('v1', { served: false, storage: false }), version('v2')];
  await client.patch(
    customResourceDefinitions,
    { name: 'boats.example.com' },
    { type: 'merge', body: { spec: { versions } } },
  );
  await client.delete(resources.namespaces, { name: 'shop' });
  await cluster.until(async () => {
    const { items } = await client.list(resources.namespaces, { fieldSelector: 'metadata.name=shop' });
    return items.length === 0;
  }, 'the namespace goes');
  expect((await client.list(boats('v2'))).items).toEqual([]);
});

test('a quota counts custom objects as they come and go, and pods as they end', async () => {
  await using cluster = await startTestCluster();
  startFakeKubelet(cluster);
  const { client } = cluster;
  const hard = { 'count/boats.example.com': '2', pods: '3', 'count/pods': '9', 'requests.cpu': '1' };
  await client.create(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: key('harbour'),
    spec: { hard },
  });
  const becomes = (used: object) =>
    cluster.until(
      async () => isDeepStrictEqual((await client.get(resourceQuotas, key('harbour'))).status, { hard, used }),
      `${JSON.stringify(used)} is used`,
    );
  await becomes({ pods: '0', 'count/pods': '0', 'requests.cpu': '0' });
  await define(cluster);
  await becomes({ 'count/boats.example.com': '0', pods: '0', 'count/pods': '0', 'requests.cpu': '0' });
  await make(cluster, 'one');
  await make(cluster, 'two');
  await expect(make(cluster, 'three')).rejects.toMatchObject({
    message:
      'boats.example.com "three" is forbidden: exceeded quota: harbour, requested: count/boats.example.com=1, used: count/boats.example.com=2, limited: count/boats.example.com=2',
  });
  for (const image of ['ends:well', 'runs:on']) {
    const containers = [{ name: 'main', image, resources: { requests: { cpu: '250m' } } }];
    const metadata = key(image.replace(':', '-'));
    await client.create(resources.pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } });
  }
  await becomes({ 'count/boats.example.com': '2', pods: '1', 'count/pods': '2', 'requests.cpu': '250m' });
  await client.delete(boats(), key('one'));
  await client.delete(resources.pods, key('runs-on'));
  await becomes({ 'count/boats.example.com': '1', pods: '0', 'count/pods': '1', 'requests.cpu': '0' });
  expect(cluster.errors).toEqual([]);
});

test('what was defined and is no more troubles nobody', async () => {
  await using cluster = await startTestCluster();
  const { client } = cluster;
  await define(cluster);
  await make(cluster, 'one');
  await client.delete(customResourceDefinitions, { name: 'boats.example.com' });
  await cluster.until(async () => (await client.list(customResourceDefinitions)).items.length === 0, 'it goes');
  await define(cluster);
  const owner = await make(cluster, 'again');
  await make(cluster, 'dinghy', owner);
  await client.delete(boats(), key('again'), { propagationPolicy: 'Background' });
  await cluster.until(() => gone(cluster, boats(), 'dinghy'), 'the dependent of the second definition goes');
});
