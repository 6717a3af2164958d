import type { Container, Pod } from '@berth/kube/objects';
import { bytes, cpuMillis } from '@berth/kube/quantity';
import { placementTerms } from './affinity-terms.ts';
import type { Amounts, HostPort, PodInfo } from './types.ts';

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

/** What a container that asks for nothing is taken to use, as in Kubernetes: a tenth of a core, 200 MB. */
const unasked: Amounts = { cpu: 100, memory: 200 * 1024 * 1024 };

/** What the scheduler needs to know of a pod, worked out once. */
export function podInfo(pod: Pod): PodInfo {
  const requests = requestsOf(pod);
  const estimated = requestsOf(pod, missingOf(pod, requests));
  return {
    pod,
    requests,
    estimated: { cpu: estimated.cpu ?? 0, memory: estimated.memory ?? 0 },
    hostPorts: hostPortsOf(pod),
    terms: placementTerms(pod),
    priority: pod.spec?.priority ?? 0,
  };
}

/** As `PodInfo.estimated`, from the containers alone: kube-scheduler compares the room on nodes so. */
export function estimateOfContainers({ pod, estimated }: PodInfo): PodInfo['estimated'] {
  if (!hasPodLevel(pod)) return estimated;
  const { resources: _, ...spec } = pod.spec ?? { containers: [] };
  const { cpu = 0, memory = 0 } = requestsOf({ ...pod, spec }, unasked);
  return { cpu, memory };
}

/** What is assumed where nothing is said: where the pod as a whole says it, its containers need not. */
function missingOf(pod: Pod, requests: Amounts): Amounts {
  if (!hasPodLevel(pod)) return unasked;
  const missing = Object.entries(unasked).filter(([name]) => (requests[name] ?? 0) === 0);
  return Object.fromEntries(missing);
}

/**
 * The sum of the containers, or the largest init container where that is more; sidecars count on from where they start; what the
 * pod as a whole requests of processor, memory and huge pages stands for that sum; the runtime's overhead on top. A container
 * that is being resized counts with the larger of what it asks and what it has.
 * Source: KEP-753 "Resources calculation for scheduling", KEP-1287, KEP-2837.
 */
function requestsOf(pod: Pod, missing: Amounts = {}): Amounts {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const statuses = new Map([...containerStatuses, ...initContainerStatuses].map((status) => [status.name, status]));
  const infeasible = isInfeasible(pod);
  const of = (container: Container, resizable = true): Amounts => {
    const asked = amountsOf(container.resources?.requests);
    const status = resizable ? statuses.get(container.name) : undefined;
    return { ...missing, ...(status?.resources ? effective(asked, status, infeasible) : asked) };
  };
  let sidecars: Amounts = {};
  let largestInit: Amounts = {};
  for (const container of pod.spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      sidecars = plus(sidecars, of(container));
      largestInit = most(largestInit, sidecars);
    } else largestInit = most(largestInit, plus(sidecars, of(container, false)));
  }
  const running = (pod.spec?.containers ?? []).map((container) => of(container)).reduce(plus, sidecars);
  const ofPod = Object.entries(amountsOf(pod.spec?.resources?.requests)).filter(([name]) => isPodLevel(name));
  return plus({ ...most(running, largestInit), ...Object.fromEntries(ofPod) }, amountsOf(pod.spec?.overhead));
}

function effective(asked: Amounts, status: ContainerStatus, infeasible: boolean): Amounts {
  const has = most(amountsOf(status.resources?.requests), amountsOf(status.allocatedResources));
  return infeasible ? has : most(asked, has);
}

/** A resize that the node cannot ever do asks for nothing. */
function isInfeasible(pod: Pod): boolean {
  return pod.status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason === 'Infeasible';
}

const isPodLevel = (name: string) => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

function hasPodLevel({ spec }: Pod): boolean {
  return Object.keys(spec?.resources?.requests ?? {}).some(isPodLevel);
}

/** Amounts of a resource list: `{ cpu: '500m', memory: '1Gi' }` → `{ cpu: 500, memory: 1073741824 }`. */
export function amountsOf(list: Readonly<Record<string, string | number>> | undefined): Record<string, number> {
  const amounts: Record<string, number> = {};
  for (const name in list) {
    const quantity = list[name] ?? 0;
    amounts[name] = name === 'cpu' ? cpuMillis(quantity) : bytes(quantity);
  }
  return amounts;
}

export function plus(a: Amounts, b: Amounts): Amounts {
  const sum: Record<string, number> = { ...a };
  for (const name in b) sum[name] = (sum[name] ?? 0) + (b[name] ?? 0);
  return sum;
}

export function minus(a: Amounts, b: Amounts): Amounts {
  const rest: Record<string, number> = { ...a };
  for (const name in b) rest[name] = (rest[name] ?? 0) - (b[name] ?? 0);
  return rest;
}

function most(a: Amounts, b: Amounts): Amounts {
  const larger: Record<string, number> = { ...a };
  for (const name in b) larger[name] = Math.max(larger[name] ?? 0, b[name] ?? 0);
  return larger;
}

/** Of containers and sidecars: the ports of other init containers are free again when the pod runs. */
function hostPortsOf({ spec }: Pod): HostPort[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(spec?.containers ?? []), ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port: hostPort }] : [],
    ),
  );
}
