import { type KubeClient, startInformer } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type Lease, type Node, type Pod, resources } from '@berth/kube/objects';
import type { Logger } from 'pino';
import { containerHash } from './pods/hash.ts';
import { memoryOf, type PodMemory } from './pods/memory.ts';
import { marks, type ObservedPod } from './pods/observed.ts';
import { isTerminal } from './pods/plan.ts';
import { allContainers } from './pods/sandbox-config.ts';
import { podStatus } from './pods/status.ts';
import type { Machine } from './registration/machine.ts';
import { nodeObject, nodeStatus } from './registration/node-object.ts';

export interface SimulatedNodesOptions {
  client: KubeClient;
  count: number;
  logger: Logger;
  signal: AbortSignal;
  /** `simulated` gives `simulated-0`, … */
  prefix?: string;
  /** Keeps pods away that do not tolerate it: for clusters that have real nodes too. */
  tainted?: boolean;
  cpus?: number;
  memoryBytes?: number;
  kubeletVersion?: string;
  now?(): number;
}

export interface SimulatedNodes {
  names: readonly string[];
  stop(): Promise<void>;
}

/** The key of the taint and label of nodes whose pods only pretend. */
export const simulatedKey = 'berth.dev/simulated';
/** A pod that is to end says after how many seconds; one that need not run for ever ends after one. */
const runSeconds = 'berth.dev/simulated-run-seconds';

/** Lease renewals a second that all nodes together may cost. */
const renewalsPerSecond = 200;
const parallelWrites = 64;

/**
 * Thousands of nodes that cost next to nothing: one watch for the pods of all, one status written for a pod that is
 * bound, no state kept between. Statuses come from the same function as those of real pods.
 */
export async function startSimulatedNodes(options: SimulatedNodesOptions): Promise<SimulatedNodes> {
  const { client, logger } = options;
  const now = options.now ?? Date.now;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const names = Array.from({ length: options.count }, (_, index) => `${options.prefix ?? 'simulated'}-${index}`);
  const indexes = new Map(names.map((name, index) => [name, index]));
  const timers = new Set<NodeJS.Timeout>();
  const write = limited(parallelWrites);

  await Promise.all(names.map((name, index) => write(() => register(name, index))));
  let next = 0;
  // Never faster than kubelet, and never more than the API server is asked to bear.
  const interval = Math.max(10_000, (names.length / renewalsPerSecond) * 1000) / Math.max(names.length, 1);
  const renewal = setInterval(() => {
    const name = names[next++ % Math.max(names.length, 1)];
    if (name) quietly(write(() => renew(name)));
  }, interval);
  renewal.unref();

  const pods = startInformer<Pod>({ client, resource: resources.pods, signal });
  await pods.synced;
  pods.subscribe((change) => {
    if (change.type !== 'deleted') look(change.object);
  });

  function look(pod: Pod): void {
    if (!indexes.has(pod.spec?.nodeName ?? '')) return;
    if (pod.metadata.deletionTimestamp !== undefined) quietly(write(() => remove(pod)));
    else if (!isTerminal(pod) && pod.status?.startTime === undefined) quietly(write(() => start(pod)));
  }

  async function start(pod: Pod): Promise<void> {
    await report(pod, 'running');
    const seconds = pod.metadata.annotations?.[runSeconds];
    if (seconds === undefined && (pod.spec?.restartPolicy ?? 'Always') === 'Always') return;
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        quietly(write(() => report(pod, 'ended')));
      },
      Number(seconds ?? 1) * 1000,
    );
    timers.add(timer);
  }

  async function report(pod: Pod, state: 'running' | 'ended'): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    const { observed, memory } = pretended(pod, state, now());
    const hostIps = [addressOf(indexes.get(pod.spec?.nodeName ?? '') ?? 0)];
    const status = podStatus({
      pod,
      observed,
      memory,
      backoffs: new Map(),
      hostIps,
      runtimeName: 'simulated',
      now: now(),
    });
    const body = { metadata: { uid }, status };
    await client.patch(resources.pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
  }

  async function remove(pod: Pod): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    const preconditions = uid === undefined ? {} : { uid };
    await client.delete(resources.pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions });
  }

  async function register(name: string, index: number): Promise<void> {
    const description = {
      name,
      machine: machineOf(options, index),
      runtime: { name: 'simulated', version: '1.0.0' },
      kubeletVersion: options.kubeletVersion ?? 'v1.35.0+berth',
      podCidr: `198.18.${index & 255}.0/24`,
      conditions: [],
      images: [],
      controlPlane: false,
      now: now(),
    };
    const node: Node = nodeObject(description);
    node.metadata.labels = { ...node.metadata.labels, [simulatedKey]: 'true' };
    if (options.tainted) {
      node.spec = { ...node.spec, taints: [{ key: simulatedKey, value: 'true', effect: 'NoSchedule' }] };
    }
    await orPresent(client.create(resources.nodes, node));
    const body = { status: nodeStatus(description, undefined) };
    await client.patch(resources.nodes, { name }, { type: 'merge', body }, { subresource: 'status' });
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'kube-node-lease', name },
      spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime(now()) },
    };
    await orPresent(client.create(resources.leases, lease));
  }

  async function renew(name: string): Promise<void> {
    const key = { namespace: 'kube-node-lease', name };
    const body = { spec: { renewTime: microTime(now()) } };
    await client.patch(resources.leases, key, { type: 'merge', body });
  }

  function quietly(work: Promise<unknown>): void {
    work.catch((error) => {
      // A pod that went meanwhile needs no status.
      if (isBerthError(error, 'NotFound') || isBerthError(error, 'Conflict') || signal.aborted) return;
      logger.warn({ err: error }, 'a simulated node could not write');
    });
  }

  return {
    names,
    async stop() {
      over.abort();
      clearInterval(renewal);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

const microTime = (milliseconds: number) => new Date(milliseconds).toISOString().replace('Z', '000Z');

async function orPresent(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isBerthError(error, 'AlreadyExists')) throw error;
  }
}

/** From 198.18.0.0/15, which is set aside for benchmarks (RFC 2544). */
const addressOf = (index: number) => `198.19.${(index >> 8) & 255}.${index & 255}`;

function machineOf(options: SimulatedNodesOptions, index: number): Machine {
  return {
    cpus: options.cpus ?? 32,
    memoryBytes: options.memoryBytes ?? 256 * 2 ** 30,
    storageBytes: 2 ** 40,
    ips: [addressOf(index)],
    architecture: 'amd64',
    kernelVersion: 'simulated',
    osImage: 'Berth simulated node',
    machineId: '',
    bootId: '',
  };
}

/** What a runtime would show of the pod at once after its start, or after its end. */
function pretended(pod: Pod, state: 'running' | 'ended', now: number): { observed: ObservedPod; memory: PodMemory } {
  const memory: PodMemory = { containers: new Map(), mounted: true };
  const { name, namespace = '', uid = '' } = pod.metadata;
  // An address of its own, from the last digits of the pod's identity.
  const digits = Number.parseInt(uid.replaceAll('-', '').slice(-4) || '0', 16);
  const sandbox = {
    id: uid,
    metadata: { name, namespace, uid, attempt: 0 },
    ready: state === 'running',
    createdAt: now,
    ips: [`198.18.${digits >> 8}.${digits & 255}`],
    labels: {},
    annotations: {},
  };
  const initial = new Set((pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy !== 'Always'));
  const containers = allContainers(pod).map((container) => {
    const over = state === 'ended' || initial.has(container);
    Object.assign(memoryOf(memory, container.name), { started: true, ready: true });
    return {
      id: `${uid}-${container.name}`,
      sandboxId: uid,
      name: container.name,
      attempt: 0,
      state: over ? ('exited' as const) : ('running' as const),
      createdAt: now,
      startedAt: now,
      finishedAt: over ? now : 0,
      exitCode: 0,
      reason: over ? 'Completed' : '',
      message: '',
      image: container.image ?? '',
      imageRef: container.image ?? '',
      logPath: '',
      labels: {},
      annotations: { [marks.containerHash]: containerHash(container) },
    };
  });
  return { observed: { sandboxes: [sandbox], containers }, memory };
}

/** At most so many at a time; the rest wait in order. */
function limited(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await work();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
