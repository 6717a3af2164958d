import { amountsOf } from '@berth/kube/pods';
import type { Filter, HostPort, PodInfo, Refusal } from '../types.ts';

/** Every resource that the pod requests must be free, and there must be room for one more pod. */
export const resourcesFit: Filter = {
  name: 'NodeResourcesFit',
  prepare({ requests }) {
    const asked = Object.entries(requests).filter(([, amount]) => amount > 0);
    return ({ allocatable, requested, pods }) => {
      let refusals: Refusal[] | undefined;
      if (pods.size + 1 > (allocatable.pods ?? 0)) refusals = [{ reason: 'Too many pods', resolvable: true }];
      for (const [name, amount] of asked) {
        const capacity = allocatable[name] ?? 0;
        if (amount <= capacity - (requested[name] ?? 0)) continue;
        refusals ??= [];
        // More than the whole node has: no eviction would help.
        refusals.push({ reason: `Insufficient ${name}`, resolvable: amount <= capacity });
      }
      return refusals;
    };
  },
  mayHelp(change, { requests }) {
    if (change.what === 'podGone') return true;
    if (change.what === 'podChanged') return Object.keys(requests).some((name) => shrank(change, name));
    if (change.what !== 'nodeAdded' && change.what !== 'nodeChanged') return false;
    const now = amountsOf(change.node.status?.allocatable);
    const fits = Object.entries(requests).every(([name, amount]) => amount === 0 || amount <= (now[name] ?? 0));
    if (!fits || change.what === 'nodeAdded') return fits;
    const before = amountsOf(change.before.status?.allocatable);
    return [...Object.keys(requests), 'pods'].some((name) => (now[name] ?? 0) > (before[name] ?? 0));
  },
};

function shrank({ before, pod }: { before: PodInfo; pod: PodInfo }, name: string): boolean {
  return (pod.requests[name] ?? 0) < (before.requests[name] ?? 0);
}

export const hostPorts: Filter = {
  name: 'NodePorts',
  prepare({ hostPorts: wanted }) {
    if (wanted.length === 0) return undefined;
    const refusal = { reason: "node(s) didn't have free ports for the requested pod ports", resolvable: true };
    return ({ pods }) => {
      for (const { hostPorts: taken } of pods.values()) if (collideAny(taken, wanted)) return refusal;
      return undefined;
    };
  },
  mayHelp(change, { hostPorts: wanted }) {
    if (change.what === 'podGone') return collideAny(change.pod.hostPorts, wanted);
    return change.what === 'nodeAdded';
  },
};

/** Whether two pods cannot have their ports on one node. */
export function collideAny(taken: readonly HostPort[], wanted: readonly HostPort[]): boolean {
  return taken.some((one) => wanted.some((other) => collide(one, other)));
}

function collide(one: HostPort, other: HostPort): boolean {
  if (one.port !== other.port || one.protocol !== other.protocol) return false;
  return one.ip === other.ip || one.ip === '0.0.0.0' || other.ip === '0.0.0.0';
}
