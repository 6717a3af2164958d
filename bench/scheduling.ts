import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '@berth/cluster/api';
import { startScheduler } from '@berth/cluster/scheduler';
import { openLmdbStore } from '@berth/cluster/store';
import { type KubeClient, startInformer } from '@berth/kube/client';
import { type KubeObject, type Node, type Pod, type PodSpec, type Resource, resources } from '@berth/kube/objects';
import { pino } from 'pino';
import type { Row, Suite } from './row.ts';

const command = 'npm run bench -- --only scheduling';
const namespace = 'bench';

/** What pods demand in a round, and how many of them there are. */
interface Round {
  name: string;
  pods: number;
  pod(i: number): { labels?: Record<string, string>; spec?: Partial<PodSpec> };
  budget?: string;
}

const spread = (whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway') => ({
  maxSkew: 5,
  topologyKey: 'topology.kubernetes.io/zone',
  whenUnsatisfiable,
  labelSelector: { matchLabels: { app: 'spread' } },
});

/** The workloads of kube-scheduler's own benchmark (scheduler_perf): basic, anti-affinity by node, spread over zones, preemption. */
const rounds: readonly Round[] = [
  { name: 'basic', pods: 5000, pod: (i) => ({ labels: { app: `a${i % 100}` } }), budget: '1,000 pods/s' },
  {
    name: 'anti-affinity',
    pods: 1000,
    pod: () => ({
      labels: { app: 'apart' },
      spec: {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { labelSelector: { matchLabels: { app: 'apart' } }, topologyKey: 'kubernetes.io/hostname' },
            ],
          },
        },
      },
    }),
  },
  {
    name: 'spread over zones',
    pods: 2000,
    pod: () => ({ labels: { app: 'spread' }, spec: { topologySpreadConstraints: [spread('DoNotSchedule')] } }),
  },
];

/**
 * Pending pods given to nodes that exist as objects only: the real scheduler over the real API and the durable store, all in this
 * process. From the start of the scheduler until the last binding is seen by a watch.
 */
export const scheduling: Suite = {
  name: 'scheduling',
  async measure() {
    return [...(await measureWith(1000)), ...(await measureWith(5000))];
  },
};

async function measureWith(nodes: number): Promise<Row[]> {
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
    await client.create(priorityClasses, {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'urgent' },
      value: 1000,
    });
    await inParallel(nodes, (i) => createNode(client, i));
    const row = (name: string, value: number, budget?: string): Row => ({
      name: `scheduling, ${nodes.toLocaleString('en')} simulated nodes, ${name}`,
      value,
      unit: 'pods/s',
      ...(budget === undefined ? {} : { budget }),
      command,
    });
    // The first round also compiles; its figure is thrown away.
    await podsPerSecond(client, 'warm', 1000, () => ({}));
    const rows: Row[] = [];
    for (const { name, pods, pod, budget } of rounds) {
      const rate = await podsPerSecond(client, name.replaceAll(' ', '-'), pods, pod);
      rows.push(row(name, rate, nodes === 1000 ? budget : undefined));
    }
    rows.push(row('preemption', await preemptionsPerSecond(client, nodes)));
    return rows;
  } finally {
    await api.close();
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

const priorityClasses: Resource<KubeObject & { value: number }> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  resource: 'priorityclasses',
  kind: 'PriorityClass',
  namespaced: false,
};

/** Every node is filled with pods of low priority; each urgent pod has to take one of them away. */
async function preemptionsPerSecond(client: KubeClient, nodes: number): Promise<number> {
  const urgent = 500;
  const { items } = await client.list(resources.pods, { namespace });
  await inParallel(items.length, async (i) => {
    await client.delete(resources.pods, { namespace, name: items[i]?.metadata.name ?? '' }, { gracePeriodSeconds: 0 });
  });
  const sized = (cpu: string): Partial<PodSpec> => ({
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: 'none', resources: { requests: { cpu } } }],
  });
  await podsPerSecond(client, 'low', nodes * 2, () => ({ spec: sized('16') }));
  const preempting = { priorityClassName: 'urgent', ...sized('10') };
  return podsPerSecond(client, 'urgent', urgent, () => ({ spec: preempting }));
}

async function podsPerSecond(client: KubeClient, prefix: string, count: number, of: Round['pod']): Promise<number> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await inParallel(count, (i) => client.create(resources.pods, pod(`${prefix}-${i}`, of(i))));
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

function pod(name: string, { labels = {}, spec = {} }: ReturnType<Round['pod']>): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      containers: [{ name: 'c', image: 'none', resources: { requests: { cpu: '100m', memory: '100Mi' } } }],
      ...spec,
    },
  };
}

export async function inParallel(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
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
