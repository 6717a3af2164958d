import type { Container, Pod } from '@berth/kube/objects';
import { qosOf, wholeResources } from '@berth/kube/pods';
import { bytes, compareQuantities, cpuMillis } from '@berth/kube/quantity';
import type { ContainerResources } from '../runtime/types.ts';

type Quantities = Record<string, string | number>;
const requestsOf = (container: Container): Quantities => (container.resources?.requests ?? {}) as Quantities;
const limitsOf = (container: Container): Quantities => (container.resources?.limits ?? {}) as Quantities;

/** `/berth-<instance>/burstable/pod<uid>`; guaranteed pods stand directly below the instance, as kubelet has it. */
export function cgroupParentOf(pod: Pod, instance: string): string {
  const qos = qosOf(pod);
  const level = qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`;
  return `/berth-${instance}${level}/pod${pod.metadata.uid}`;
}

/** Microseconds: the kernel's own. */
export const cpuPeriod = 100_000;
/** The kernel's least values for cpu.shares and the quota. */
const [leastShares, leastQuota] = [2, 1000];

/** Processor thousandths as the kernel's relative weight, where 1024 is a whole processor. */
export const cpuSharesOf = (millis: number): number =>
  millis === 0 ? leastShares : Math.max(leastShares, Math.floor((millis * 1024) / 1000));

/** What a container may use, in the kernel's measures. */
export function containerResources(pod: Pod, container: Container, nodeMemory: number): ContainerResources {
  const [requests, limits] = [requestsOf(container), limitsOf(container)];
  const resources: ContainerResources = {
    cpuShares: cpuSharesOf(cpuMillis(requests.cpu ?? limits.cpu)),
    oomScoreAdj: oomScoreAdjOf(pod, container, nodeMemory),
  };
  const cpuLimit = cpuMillis(limits.cpu);
  if (cpuLimit > 0) {
    resources.cpuPeriod = cpuPeriod;
    resources.cpuQuota = quotaOf(cpuLimit);
  }
  const memoryLimit = bytes(limits.memory);
  if (memoryLimit > 0) resources.memoryLimit = memoryLimit;
  return resources;
}

/** What of a pod's cgroup follows from its resources; in the kernel's measures, what is absent stays as it is. */
export interface PodCgroup {
  cpuShares?: number;
  /** Microseconds in each `cpuPeriod`. */
  cpuQuota?: number;
  /** Bytes. */
  memoryLimit?: number;
}

/** All containers together, and the runtime's overhead. A resource is limited where every container's is, or the pod's as a whole. */
export function podCgroup(pod: Pod): PodCgroup {
  const qos = qosOf(pod);
  if (qos === 'BestEffort') return { cpuShares: leastShares };
  const alone = { ...pod, status: {} };
  const [requests, limits] = [wholeResources(alone, 'requests'), wholeResources(alone, 'limits')];
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const ofPod = (pod.spec?.resources?.limits ?? {}) as Quantities;
  const isLimited = (name: string) =>
    ofPod[name] !== undefined || all.every((container) => compareQuantities(limitsOf(container)[name] ?? 0, 0) > 0);
  const result: PodCgroup = { cpuShares: cpuSharesOf(requests.cpu ?? 0) };
  if (isLimited('cpu')) result.cpuQuota = quotaOf(limits.cpu ?? 0);
  if (isLimited('memory')) result.memoryLimit = limits.memory ?? 0;
  return result;
}

const quotaOf = (millis: number): number => Math.max(leastQuota, (millis * cpuPeriod) / 1000);

/** "Node out of memory behavior": the more memory a burstable container asked for, the later it is killed. */
function oomScoreAdjOf(pod: Pod, container: Container, nodeMemory: number): number {
  const qos = qosOf(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const share = Math.floor((1000 * bytes(requestsOf(container).memory)) / nodeMemory);
  return Math.min(Math.max(1000 - share, 3), 999);
}
