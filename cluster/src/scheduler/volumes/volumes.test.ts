import {
  keyOf,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  resources,
  type StorageClass,
} from '@berth/kube/objects';
import { describe, expect, test } from 'vitest';
import { identities } from '../../api/index.ts';
import { startTestCluster, type TestCluster } from '../../controllers/test-cluster.ts';
import { ClusterState, refusalMessage, schedule, startScheduler } from '../index.ts';
import { preempt } from '../preemption/index.ts';
import { podInfo } from '../requests.ts';
import type { StorageView } from './index.ts';

function node(name: string): Node {
  const labels = { 'kubernetes.io/hostname': name };
  const status = { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, status };
}

function pod(name: string, claim: string, volume: object = { persistentVolumeClaim: { claimName: claim } }): Pod {
  const containers = [{ name: 'main', image: 'x' }];
  const metadata = { name, namespace: 'shop', uid: name };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, volumes: [{ name: 'data', ...volume }] } };
}

const done = { 'pv.kubernetes.io/bind-completed': 'yes' };
function claim(
  name: string,
  changes: { metadata?: object; spec?: object; status?: object } = {},
): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'shop', ...changes.metadata },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'late',
      resources: { requests: { storage: '1Gi' } },
      ...changes.spec,
    },
    ...(changes.status ? { status: changes.status } : {}),
  };
}

function volume(name: string, on: string, changes: { spec?: object; status?: object } = {}): PersistentVolume {
  const values = [on];
  const term = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In' as const, values }] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      storageClassName: 'late',
      local: { path: '/srv' },
      nodeAffinity: { required: { nodeSelectorTerms: [term] } },
      ...changes.spec,
    },
    ...(changes.status ? { status: changes.status } : {}),
  };
}

function storageClass(name: string, changes: Partial<StorageClass> = {}): StorageClass {
  const metadata = { name };
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata,
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
    ...changes,
  };
}

function storage(objects: (PersistentVolume | PersistentVolumeClaim | StorageClass)[]): StorageView {
  const found = <T>(kind: string, key: string) =>
    objects.find((each) => each.kind === kind && keyOf(each) === key) as T | undefined;
  return {
    claim: (namespace, name) => found('PersistentVolumeClaim', `${namespace}/${name}`),
    volume: (name) => found('PersistentVolume', name),
    volumes: () => objects.filter((each): each is PersistentVolume => each.kind === 'PersistentVolume'),
    storageClass: (name) => found('StorageClass', name),
    taken: new Set(),
  };
}

const hopeless = 'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';

describe('a pod with claims', () => {
  function decide(wanted: Pod, view: StorageView, placed: Pod[] = []): string {
    const state = new ClusterState(view);
    for (const name of ['a', 'b']) state.setNode(node(name));
    for (const each of placed) state.setPod(podInfo(each), 'a');
    const info = podInfo(wanted);
    const decision = schedule(info, state, { start: 0 });
    return 'node' in decision ? decision.node : refusalMessage(decision, preempt(info, decision, state, [], 0));
  }

  test('waits for the claims to be there, whole and bound', () => {
    const everywhere = (reason: string) => `0/2 nodes are available: ${reason}. ${hopeless}`;
    const wanted = pod('web', 'data');
    expect(decide(wanted, storage([]))).toBe(everywhere('persistentvolumeclaim "data" not found'));
    const going = claim('data', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    expect(decide(wanted, storage([going]))).toBe(everywhere('persistentvolumeclaim "data" is being deleted'));
    const lost = claim('data', { spec: { volumeName: 'disk' }, status: { phase: 'Lost' } });
    expect(decide(wanted, storage([lost]))).toBe(
      everywhere('persistentvolumeclaim "data" bound to non-existent persistentvolume "disk"'),
    );
    const immediate = storageClass('late', { volumeBindingMode: 'Immediate' });
    expect(decide(wanted, storage([claim('data'), immediate]))).toBe(
      everywhere('pod has unbound immediate PersistentVolumeClaims'),
    );
    const ephemeral = pod('web', '', { ephemeral: { volumeClaimTemplate: { spec: {} } } });
    expect(decide(ephemeral, storage([]))).toBe(
      everywhere('waiting for ephemeral volume controller to create the persistentvolumeclaim "web-data"'),
    );
    expect(decide(ephemeral, storage([claim('web-data')]))).toBe(
      everywhere('PVC shop/web-data was not created for pod shop/web (pod is not owner)'),
    );
  });

  test('goes to where its volume is', () => {
    const bound = claim('data', { metadata: { annotations: done }, spec: { volumeName: 'disk' } });
    expect(decide(pod('web', 'data'), storage([bound, volume('disk', 'b')]))).toBe('b');
    expect(decide(pod('web', 'data'), storage([bound, volume('disk', 'c')]))).toBe(
      `0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity. ${hopeless}`,
    );
    expect(decide(pod('web', 'data'), storage([bound]))).toBe(
      `0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s). ${hopeless}`,
    );
  });

  test('goes to where a volume can be had', () => {
    const free = volume('disk', 'b', { status: { phase: 'Available' } });
    expect(decide(pod('web', 'data'), storage([claim('data'), storageClass('late'), free]))).toBe('b');
    expect(decide(pod('web', 'data'), storage([claim('data'), storageClass('late')]))).toBe(
      `0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind. ${hopeless}`,
    );
    const expressions = [{ key: 'kubernetes.io/hostname', values: ['b'] }];
    const made = storageClass('late', {
      provisioner: 'example.com/disks',
      allowedTopologies: [{ matchLabelExpressions: expressions }],
    });
    expect(decide(pod('web', 'data'), storage([claim('data'), made]))).toBe('b');
    const chosen = claim('data', { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'a' } } });
    const anywhere = storageClass('late', { provisioner: 'example.com/disks' });
    expect(decide(pod('web', 'data'), storage([chosen, anywhere]))).toBe('a');
  });

  test('is alone with a claim for one pod', () => {
    const bound = claim('data', {
      metadata: { annotations: done },
      spec: { volumeName: 'disk', accessModes: ['ReadWriteOncePod'] },
    });
    const view = storage([bound, volume('disk', 'a')]);
    expect(decide(pod('web', 'data'), view)).toBe('a');
    expect(decide(pod('web', 'data'), view, [pod('other', 'data')])).toContain(
      'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
    );
  });
});

describe('before a pod is bound', () => {
  async function start(nodes: string[]): Promise<TestCluster> {
    const cluster = await startTestCluster();
    const { client, signal } = cluster;
    await startScheduler({
      client: cluster.clientOf(identities.scheduler),
      signal,
      onError: (error, where) => cluster.errors.push(`${where}: ${error}`),
    });
    for (const name of nodes) {
      await client.create(resources.nodes, node(name));
      const { status } = node(name);
      await client.patch(resources.nodes, { name }, { type: 'merge', body: { status } }, { subresource: 'status' });
    }
    return cluster;
  }
  const nodeOf = async ({ client }: TestCluster, name: string) =>
    (await client.get(resources.pods, { namespace: 'shop', name })).spec?.nodeName;
  const claimOf = ({ client }: TestCluster, name: string) =>
    client.get(resources.persistentVolumeClaims, { namespace: 'shop', name });

  test('its claims are bound, each to a volume of its own', async () => {
    await using cluster = await start(['a', 'b']);
    const { client } = cluster;
    await client.create(resources.storageClasses, storageClass('late'));
    for (const on of ['a', 'b']) await client.create(resources.persistentVolumes, volume(`disk-${on}`, on));
    for (const name of ['one', 'two', 'three']) {
      await client.create(resources.persistentVolumeClaims, claim(name));
      await client.create(resources.pods, pod(name, name));
    }
    const placed = async () => {
      const all = await Promise.all(['one', 'two', 'three'].map((name) => nodeOf(cluster, name)));
      return all.filter((name) => name !== undefined).sort();
    };
    await cluster.until(async () => (await placed()).length === 2, 'two have a volume each');
    expect(await placed()).toEqual(['a', 'b']);
    const claims = (await client.list(resources.persistentVolumeClaims, { namespace: 'shop' })).items;
    const bound = claims.filter(({ status }) => status?.phase === 'Bound');
    expect(bound.map(({ spec }) => spec?.volumeName).sort()).toEqual(['disk-a', 'disk-b']);
    for (const { metadata, spec } of bound) {
      expect(await nodeOf(cluster, metadata.name)).toBe(spec?.volumeName?.slice('disk-'.length));
    }
    expect(cluster.errors).toEqual([]);
  });

  test('the provisioner is told the node; without its volume the pod waits, and is decided anew when it is refused', async () => {
    await using cluster = await start(['a']);
    const { client } = cluster;
    await client.create(resources.storageClasses, storageClass('late', { provisioner: 'example.com/disks' }));
    await client.create(resources.persistentVolumeClaims, claim('data'));
    await client.create(resources.pods, pod('web', 'data'));
    const selected = 'volume.kubernetes.io/selected-node';
    const marks = async () => (await claimOf(cluster, 'data')).metadata.annotations ?? {};
    await cluster.until(async () => (await marks())['volume.kubernetes.io/storage-provisioner'] !== undefined, 'told');
    expect((await marks())[selected]).toBe('a');
    expect(await nodeOf(cluster, 'web')).toBeUndefined();

    // As external provisioners do where a node has no room.
    const body = { metadata: { annotations: { [selected]: null } } };
    const key = { namespace: 'shop', name: 'data' };
    await client.patch(resources.persistentVolumeClaims, key, { type: 'merge', body });
    await cluster.until(async () => (await marks())[selected] === 'a', 'chosen again');

    const { uid } = (await claimOf(cluster, 'data')).metadata;
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...key, uid };
    await client.create(resources.persistentVolumes, volume('made', 'a', { spec: { claimRef } }));
    await cluster.until(async () => (await nodeOf(cluster, 'web')) === 'a', 'placed');
    expect((await claimOf(cluster, 'data')).status?.phase).toBe('Bound');
    expect(cluster.errors).toEqual([]);
  });
});
