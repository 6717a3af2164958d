import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '@berth/cluster/api';
import { startScheduler } from '@berth/cluster/scheduler';
import { openLmdbStore } from '@berth/cluster/store';
import { type KubeClient, startInformer } from '@berth/kube/client';
import { type Node, type Pod, resources } from '@berth/kube/objects';
import { pino } from 'pino';
import type { Row, Suite } from './row.ts';

const command = 'npm run bench -- --only scheduling';
const nodes = 1000;
const warmUp = 1000;
const pods = 5000;
const namespace = 'bench';

/**
 * Pending pods given to a thousand nodes that exist as objects only: the real scheduler over the real API and the durable
 * store, all in this process. From the start of the scheduler until the last binding is seen by a watch.
 */
export const scheduling: Suite = {
  name: 'scheduling',
  async measure() {
    const directory = mkdtempSync(join(tmpdir(), 'berth-bench-scheduling-'));
    const store = await openLmdbStore({ directory });
    const api = await createApi({
      store,
      authentication: { serviceAccountKey: keyPair() },
      serviceRange: '10.96.0.0/17',
      clusterCa: 'none',
      logger: pino({ level: 'silent' }),
    });
    try {
      const client = api.client({ name: 'system:admin', groups: ['system:masters'] });
      await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } } as const;
      await client.create(resources.serviceAccounts, account);
      await inParallel(nodes, (i) => createNode(client, i));
      // The first round also compiles; its figure is thrown away.
      await podsPerSecond(client, 'warm', warmUp);
      const rate = await podsPerSecond(client, 'pod', pods);
      const row: Row = {
        name: `scheduling, ${nodes.toLocaleString('en')} simulated nodes`,
        value: rate,
        unit: 'pods/s',
        budget: '1,000 pods/s',
        command,
      };
      return [row];
    } finally {
      await api.close();
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

async function podsPerSecond(client: KubeClient, prefix: string, count: number): Promise<number> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await inParallel(count, (i) => client.create(resources.pods, pod(`${prefix}-${i}`, i)));
    let bound = 0;
    const all = new Promise<void>((resolve) => {
      const seen = startInformer<Pod>({ client, resource: resources.pods, signal });
      const counted = new Set<string>();
      seen.subscribe(({ object }) => {
        const { name } = object.metadata;
        if (!name.startsWith(prefix) || !object.spec?.nodeName || counted.has(name)) return;
        counted.add(name);
        bound += 1;
        if (bound === count) resolve();
      });
    });
    const started = performance.now();
    await startScheduler({
      client,
      signal,
      onError(error, where) {
        // Events that were still to be written when the round was over.
        if (!signal.aborted) process.stderr.write(`${where}: ${error}\n`);
      },
    });
    await all;
    return (count * 1000) / (performance.now() - started);
  } finally {
    over.abort();
  }
}

async function createNode(client: KubeClient, i: number): Promise<void> {
  const name = `simulated-${i}`;
  const labels = { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `zone-${i % 3}` };
  const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
  await client.create(resources.nodes, node);
  const size = { cpu: '32', memory: '256Gi', pods: '110' };
  const status = { capacity: size, allocatable: size, conditions: [{ type: 'Ready', status: 'True' }] };
  await client.patch(resources.nodes, { name }, { type: 'merge', body: { status } }, { subresource: 'status' });
}

function pod(name: string, i: number): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: `a${i % 100}` } },
    spec: {
      containers: [{ name: 'c', image: 'none', resources: { requests: { cpu: '100m', memory: '100Mi' } } }],
    },
  };
}

async function inParallel(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const i = next;
      next += 1;
      await work(i);
    }
  };
  await Promise.all(Array.from({ length: 64 }, lane));
}

function keyPair() {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}
