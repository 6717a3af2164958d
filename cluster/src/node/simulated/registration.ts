import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type Lease, type Node, resources } from '@berth/kube/objects';
import { roomForPods, usualEviction } from '../eviction/index.ts';
import type { NodeRoom } from '../pods/resize/index.ts';
import type { Machine } from '../registration/machine.ts';
import { nodeObject, nodeStatus } from '../registration/node-object.ts';
import { simulatedKey } from './behaviour.ts';

export interface SimulatedMachine {
  /** Keeps pods away that do not tolerate it: for clusters that have real nodes too. */
  tainted?: boolean;
  cpus?: number;
  memoryBytes?: number;
  kubeletVersion?: string;
  /** For how long a node's lease holds; kubelet's 40 by default. */
  leaseSeconds?: number;
}

export const simulatedVersion = 'v1.35.0+berth';
export const simulatedCpus = 32;
export const simulatedMemory = 256 * 2 ** 30;
const simulatedStorage = 2 ** 40;

/** What pods may ask of such a node. */
export function roomOf({ cpus = simulatedCpus, memoryBytes: memory = simulatedMemory }: SimulatedMachine): NodeRoom {
  const cpu = cpus * 1000;
  const { memoryBytes } = roomForPods({ memoryBytes: memory, storageBytes: simulatedStorage }, usualEviction);
  return { capacity: { cpu, memory }, allocatable: { cpu, memory: memoryBytes } };
}

/** The Node, its status and its lease; what is there already is kept. */
export async function registerSimulated(
  client: KubeClient,
  given: SimulatedMachine,
  { name, index, now }: { name: string; index: number; now: number },
): Promise<void> {
  const description = describe(given, name, index, now);
  const node: Node = nodeObject(description);
  node.metadata.labels = { ...node.metadata.labels, [simulatedKey]: 'true' };
  if (given.tainted) {
    node.spec = { ...node.spec, taints: [{ key: simulatedKey, value: 'true', effect: 'NoSchedule' }] };
  }
  await orPresent(client.create(resources.nodes, node));
  await reportReady(client, given, { name, index, now });
  const lease: Lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: 'kube-node-lease', name },
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: Math.ceil(given.leaseSeconds ?? 40),
      renewTime: microTime(now),
    },
  };
  await orPresent(client.create(resources.leases, lease));
}

export async function reportReady(
  client: KubeClient,
  given: SimulatedMachine,
  { name, index, now }: { name: string; index: number; now: number },
): Promise<void> {
  const body = { status: nodeStatus(describe(given, name, index, now), undefined) };
  await client.patch(resources.nodes, { name }, { type: 'merge', body }, { subresource: 'status' });
}

export async function renewLease(client: KubeClient, name: string, now: number): Promise<void> {
  const key = { namespace: 'kube-node-lease', name };
  await client.patch(resources.leases, key, { type: 'merge', body: { spec: { renewTime: microTime(now) } } });
}

/** From 198.18.0.0/15, which is set aside for benchmarks (RFC 2544). */
export const addressOf = (index: number): string => `198.19.${(index >> 8) & 255}.${index & 255}`;

const microTime = (milliseconds: number) => new Date(milliseconds).toISOString().replace('Z', '000Z');

function describe(given: SimulatedMachine, name: string, index: number, now: number) {
  const machine: Machine = {
    cpus: given.cpus ?? simulatedCpus,
    memoryBytes: given.memoryBytes ?? simulatedMemory,
    storageBytes: simulatedStorage,
    ips: [addressOf(index)],
    architecture: 'amd64',
    kernelVersion: 'simulated',
    osImage: 'Berth simulated node',
    machineId: '',
    bootId: '',
    appArmor: false,
  };
  return {
    name,
    machine,
    allocatable: roomForPods(machine, usualEviction),
    runtime: { name: 'simulated', version: '1.0.0' },
    kubeletVersion: given.kubeletVersion ?? simulatedVersion,
    podCidr: `198.18.${index & 255}.0/24`,
    conditions: [],
    images: [],
    now,
  };
}

async function orPresent(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isBerthError(error, 'AlreadyExists')) throw error;
  }
}
