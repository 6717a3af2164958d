import type { Container, Pod } from '@berth/kube/objects';
import { qosOf } from '@berth/kube/pods';
import { bytes, cpuMillis } from '@berth/kube/quantity';
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

const cpuPeriod = 100_000;
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
    resources.cpuQuota = Math.max(leastQuota, (cpuLimit * cpuPeriod) / 1000);
  }
  const memoryLimit = bytes(limits.memory);
  if (memoryLimit > 0) resources.memoryLimit = memoryLimit;
  return resources;
}

/** "Node out of memory behavior": the more memory a burstable container asked for, the later it is killed. */
function oomScoreAdjOf(pod: Pod, container: Container, nodeMemory: number): number {
  const qos = qosOf(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const share = Math.floor((1000 * bytes(requestsOf(container).memory)) / nodeMemory);
  return Math.min(Math.max(1000 - share, 3), 999);
}
