import { type Container, controllerOf, type Pod } from '@berth/kube/objects';
import { bytes, cpuMillis } from '@berth/kube/quantity';
import type { Amounts, HostPort, PodInfo } from './types.ts';

/** What a container that asks for nothing is taken to use, as in Kubernetes: a tenth of a core, 200 MB. */
const unknownCpu = 100;
const unknownMemory = 200 * 1024 * 1024;

/** What the scheduler needs to know of a pod, worked out once. */
export function podInfo(pod: Pod): PodInfo {
  const owner = controllerOf(pod)?.uid;
  const requests = requestsOf(pod, () => ({}));
  const estimated = requestsOf(pod, () => ({ cpu: unknownCpu, memory: unknownMemory }));
  return {
    pod,
    requests,
    estimated: { cpu: estimated.cpu ?? 0, memory: estimated.memory ?? 0 },
    hostPorts: hostPortsOf(pod),
    owner,
  };
}

/**
 * The sum of the containers, or the largest init container where that is more; sidecars count on from where they start; the
 * runtime's overhead on top. Source: "Init containers" and KEP-753 "Resources calculation for scheduling".
 */
function requestsOf(pod: Pod, unasked: () => Amounts): Amounts {
  const of = (container: Container) => ({ ...unasked(), ...amountsOf(container.resources?.requests) });
  let sidecars: Amounts = {};
  let largestInit: Amounts = {};
  for (const container of pod.spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      sidecars = plus(sidecars, of(container));
      largestInit = most(largestInit, sidecars);
    } else largestInit = most(largestInit, plus(sidecars, of(container)));
  }
  const running = (pod.spec?.containers ?? []).map(of).reduce(plus, sidecars);
  const ofPod = amountsOf(pod.spec?.resources?.requests);
  return plus({ ...most(running, largestInit), ...ofPod }, amountsOf(pod.spec?.overhead));
}

/** Amounts of a resource list: `{ cpu: '500m', memory: '1Gi' }` → `{ cpu: 500, memory: 1073741824 }`. */
export function amountsOf(list: Readonly<Record<string, string | number>> | undefined): Record<string, number> {
  const amounts: Record<string, number> = {};
  for (const [name, quantity] of Object.entries(list ?? {})) {
    amounts[name] = name === 'cpu' ? cpuMillis(quantity) : bytes(quantity);
  }
  return amounts;
}

export function plus(a: Amounts, b: Amounts): Amounts {
  const sum: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + amount;
  return sum;
}

export function minus(a: Amounts, b: Amounts): Amounts {
  const rest: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) rest[name] = (rest[name] ?? 0) - amount;
  return rest;
}

function most(a: Amounts, b: Amounts): Amounts {
  const larger: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) larger[name] = Math.max(larger[name] ?? 0, amount);
  return larger;
}

function hostPortsOf(pod: Pod): HostPort[] {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port: hostPort }] : [],
    ),
  );
}
