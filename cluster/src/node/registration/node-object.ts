import type { Node } from '@berth/kube/objects';
import { bytesQuantity, cpuQuantity, formatQuantity } from '@berth/kube/quantity';
import type { Pressure, Room } from '../eviction/index.ts';
import type { ImageStatus, RuntimeCondition } from '../runtime/types.ts';
import type { Machine } from './machine.ts';

export interface NodeDescription {
  name: string;
  machine: Machine;
  /** What pods may ask for together. */
  allocatable: Room;
  runtime: { name: string; version: string };
  kubeletVersion: string;
  podCidr: string;
  /** Why the runtime is not ready, or nothing. */
  conditions: readonly RuntimeCondition[];
  images: readonly ImageStatus[];
  now: number;
  /** What the node is short of. */
  pressures?: readonly Pressure[];
  /** Where the agent answers; kubelet's by default. */
  agentPort?: number;
}

const podCapacity = 110;
const usualAgentPort = 10_250;
const mostImages = 50;

export const nodeLabels = ({ name, machine }: NodeDescription): Record<string, string> => ({
  'beta.kubernetes.io/arch': machine.architecture,
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': machine.architecture,
  'kubernetes.io/hostname': name,
  'kubernetes.io/os': 'linux',
});

/** The Node as kubelet registers it, without its status. */
export function nodeObject(description: NodeDescription): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: description.name,
      labels: nodeLabels(description),
      annotations: { 'node.alpha.kubernetes.io/ttl': '0' },
    },
    spec: { podCIDR: description.podCidr, podCIDRs: [description.podCidr] },
  };
}

const inKibibytes = (bytes: number): string => formatQuantity(bytesQuantity(Math.floor(bytes / 1024) * 1024));

type NodeStatus = NonNullable<Node['status']>;
type Condition = NonNullable<NodeStatus['conditions']>[number];

/** The Node's status; times of transition are kept from `before` where a condition stays. */
export function nodeStatus(description: NodeDescription, before: NodeStatus | undefined): NodeStatus {
  const { machine, runtime, kubeletVersion } = description;
  // What others say that the node has, all of which pods may have: extended resources.
  const capacity = {
    ...before?.capacity,
    cpu: formatQuantity(cpuQuantity(machine.cpus * 1000)),
    memory: inKibibytes(machine.memoryBytes),
    'ephemeral-storage': inKibibytes(machine.storageBytes),
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    pods: String(podCapacity),
  };
  const { memoryBytes, storageBytes } = description.allocatable;
  const allocatable = {
    ...before?.allocatable,
    ...capacity,
    memory: formatQuantity(bytesQuantity(memoryBytes)),
    'ephemeral-storage': formatQuantity(bytesQuantity(storageBytes)),
  };
  return {
    capacity,
    allocatable,
    conditions: conditionsOf(description, before?.conditions ?? []),
    addresses: [
      ...machine.ips.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: description.name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: description.agentPort ?? usualAgentPort } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.machineId,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: `${runtime.name}://${runtime.version}`,
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
    images: description.images
      .toSorted((a, b) => b.size - a.size)
      .slice(0, mostImages)
      .map((image) => ({ names: [...image.digests, ...image.tags], sizeBytes: image.size })),
  };
}

function conditionsOf(description: NodeDescription, before: readonly Condition[]): Condition[] {
  const failing = description.conditions.filter((condition) => !condition.status);
  const ready =
    failing.length === 0
      ? { type: 'Ready', status: 'True' as const, reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : {
          type: 'Ready',
          status: 'False' as const,
          reason: 'KubeletNotReady',
          message: failing
            .map(({ type, reason, message }) => `${type}=false reason:${reason} message:${message}`)
            .join(', '),
        };
  const time = new Date(description.now).toISOString().replace(/\.\d+Z$/, 'Z');
  return [...pressureConditions(description.pressures ?? []), ready].map((condition) => {
    const same = before.find((found) => found.type === condition.type);
    const kept = same?.status === condition.status ? same.lastTransitionTime : undefined;
    return { ...condition, lastHeartbeatTime: time, lastTransitionTime: kept ?? time };
  });
}

const pressureWords = {
  MemoryPressure: {
    yes: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    no: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  },
  DiskPressure: {
    yes: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    no: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  },
  PIDPressure: {
    yes: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    no: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  },
} as const;

/** The conditions by which a node says what it is short of, without their times. */
export function pressureConditions(pressures: readonly Pressure[]) {
  return (Object.keys(pressureWords) as Pressure[]).map((type) => {
    const isShort = pressures.includes(type);
    const [reason, message] = pressureWords[type][isShort ? 'yes' : 'no'];
    return { type, status: isShort ? ('True' as const) : ('False' as const), reason, message };
  });
}
