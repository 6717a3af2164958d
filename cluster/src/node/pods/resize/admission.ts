import type { Pod } from '@berth/kube/objects';
import { wholeResources } from '@berth/kube/pods';

/** Thousandths of a processor and bytes. */
interface Room {
  cpu: number;
  memory: number;
}

export interface NodeRoom {
  /** What the machine has. */
  capacity: Room;
  /** What of it pods may ask for together. */
  allocatable: Room;
}

export interface Refusal {
  reason: 'Deferred' | 'Infeasible';
  message: string;
}

/**
 * Whether a node has room for a pod as it is to be, `undefined` when it has. `others`: the node's other pods that have not ended, as they were
 * allocated, with their status: one that shrinks counts with what it still has.
 * Source: KEP-1287, "Kubelet and API Server Interaction"; the words are kubelet's.
 */
export function refusalOf(
  desired: Pod,
  others: readonly Pod[],
  { capacity, allocatable }: NodeRoom,
): Refusal | undefined {
  const asked = requestsOf({ ...desired, status: {} });
  for (const name of ['memory', 'cpu'] as const) {
    if (asked[name] <= capacity[name]) continue;
    const message = `Node didn't have enough capacity: ${name}, requested: ${asked[name]}, capacity: ${capacity[name]}`;
    return { reason: 'Infeasible', message };
  }
  const used = others.map(requestsOf);
  for (const name of ['cpu', 'memory'] as const) {
    const sum = used.reduce((total, room) => total + room[name], 0);
    if (asked[name] === 0 || asked[name] <= allocatable[name] - sum) continue;
    const figures = `requested: ${asked[name]}, used: ${sum}, capacity: ${allocatable[name]}`;
    return { reason: 'Deferred', message: `Node didn't have enough resource: ${name}, ${figures}` };
  }
  return undefined;
}

/** With its status, the larger of what it was allocated and what it still has. */
export function requestsOf(pod: Pod): Room {
  const { cpu = 0, memory = 0 } = wholeResources(pod, 'requests');
  return { cpu, memory };
}
