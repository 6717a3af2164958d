import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PersistentVolume, type PersistentVolumeClaim, resources } from '@berth/kube/objects';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { identities } from '../../api/index.ts';
import { startTestCluster } from '../../controllers/test-cluster.ts';
import { startLocalProvisioner } from './index.ts';

const key = { namespace: 'shop', name: 'data' };
const selected = { 'volume.kubernetes.io/selected-node': 'n0' };

function claim(spec: object = {}, annotations: Record<string, string> = selected): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...key, annotations },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  };
}

async function start(real = true) {
  const cluster = await startTestCluster();
  const root = await mkdtemp(join(tmpdir(), 'berth-volumes-'));
  const { client, signal } = cluster;
  const owns = (node: string) => node === 'n0';
  await startLocalProvisioner({
    client: cluster.clientOf(identities.volumes),
    owns,
    root,
    real,
    logger: pino({ level: 'silent' }),
    signal,
  });
  const bound = async (): Promise<PersistentVolume> => {
    await cluster.until(
      async () => (await client.get(resources.persistentVolumeClaims, key)).status?.phase === 'Bound',
      'bound',
    );
    const { spec } = await client.get(resources.persistentVolumeClaims, key);
    return client.get(resources.persistentVolumes, { name: spec?.volumeName ?? '' });
  };
  const events = async (reason: string) =>
    (await client.list(resources.events)).items
      .filter((event) => event.reason === reason)
      .map(({ message }) => message);
  const gone = (name: string) =>
    cluster.until(
      () =>
        client.get(resources.persistentVolumes, { name }).then(
          () => false,
          () => true,
        ),
      'the volume is gone',
    );
  return {
    ...cluster,
    root,
    bound,
    events,
    gone,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await rm(root, { recursive: true });
    },
  };
}

test('a claim of the default class gets a directory of its node, which goes with it', async () => {
  await using cluster = await start();
  const { client, root } = cluster;
  await client.create(resources.persistentVolumeClaims, claim());
  const volume = await cluster.bound();
  const { name } = volume.metadata;
  expect(volume.spec).toMatchObject({
    storageClassName: 'standard',
    persistentVolumeReclaimPolicy: 'Delete',
    capacity: { storage: '1Gi' },
    local: { path: join(root, name) },
  });
  expect((await stat(join(root, name))).mode & 0o777).toBe(0o777);
  await writeFile(join(root, name, 'row'), 'kept');
  await cluster.until(async () => (await cluster.events('ProvisioningSucceeded')).length > 0, 'told');
  expect(await cluster.events('ProvisioningSucceeded')).toEqual([`Successfully provisioned volume ${name}`]);
  await client.delete(resources.persistentVolumeClaims, key);
  await cluster.gone(name);
  expect(await readdir(root)).toEqual([]);
  expect(cluster.errors).toEqual([]);
});

test('a volume that is deleted before its claim stays while it is bound, and takes its directory with it', async () => {
  await using cluster = await start();
  const { client, root } = cluster;
  await client.create(resources.persistentVolumeClaims, claim());
  const { name } = (await cluster.bound()).metadata;
  await client.delete(resources.persistentVolumes, { name });
  expect((await client.get(resources.persistentVolumes, { name })).status?.phase).toBe('Bound');
  expect(await readdir(root)).toEqual([name]);
  await client.delete(resources.persistentVolumeClaims, key);
  await cluster.gone(name);
  expect(await readdir(root)).toEqual([]);
});

test('what is retained stays, object and directory', async () => {
  await using cluster = await start();
  const { client, root } = cluster;
  await client.create(resources.storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'kept' },
    provisioner: 'berth.dev/local',
    reclaimPolicy: 'Retain',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  await client.create(resources.persistentVolumeClaims, claim({ storageClassName: 'kept' }));
  const { name } = (await cluster.bound()).metadata;
  await client.delete(resources.persistentVolumeClaims, key);
  const phase = async () => (await client.get(resources.persistentVolumes, { name })).status?.phase;
  await cluster.until(async () => (await phase()) === 'Released', 'released');
  await client.delete(resources.persistentVolumes, { name });
  await cluster.gone(name);
  expect(await readdir(root)).toEqual([name]);
});

test('what a directory cannot be is refused', async () => {
  await using cluster = await start();
  await cluster.client.create(resources.persistentVolumeClaims, claim({ accessModes: ['ReadWriteMany'] }));
  await cluster.until(async () => (await cluster.events('ProvisioningFailed')).length > 0, 'told');
  expect(await cluster.events('ProvisioningFailed')).toEqual([
    'failed to provision volume with StorageClass "standard": a directory belongs to one node: access mode ReadWriteMany is not supported',
  ]);
  expect(await readdir(cluster.root)).toEqual([]);
});

test('claims that are bound at once are given a node that is ready', async () => {
  await using cluster = await start(false);
  const { client } = cluster;
  for (const [name, status] of [
    ['n0', 'True'],
    ['n1', 'False'],
  ] as const) {
    await client.create(resources.nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
    const body = { status: { conditions: [{ type: 'Ready', status }] } };
    await client.patch(resources.nodes, { name }, { type: 'merge', body }, { subresource: 'status' });
  }
  await client.create(resources.storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'at-once' },
    provisioner: 'berth.dev/local',
  });
  await client.create(resources.persistentVolumeClaims, claim({ storageClassName: 'at-once' }, {}));
  const volume = await cluster.bound();
  expect(volume.spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values).toEqual(['n0']);
  expect(await readdir(cluster.root)).toEqual([]);
});
