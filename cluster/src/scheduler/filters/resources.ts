import type { Filter, HostPort, Refusal } from '../types.ts';

/** Every resource that the pod requests must be free, and there must be room for one more pod. */
export const resourcesFit: Filter = {
  name: 'NodeResourcesFit',
  prepare({ requests }) {
    const asked = Object.entries(requests).filter(([, amount]) => amount > 0);
    return ({ allocatable, requested, pods }) => {
      let refusals: Refusal[] | undefined;
      if (pods.size + 1 > (allocatable.pods ?? 110)) refusals = [{ reason: 'Too many pods', resolvable: true }];
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
};

export const hostPorts: Filter = {
  name: 'NodePorts',
  prepare({ hostPorts: wanted }) {
    if (wanted.length === 0) return undefined;
    const refusal = { reason: "node(s) didn't have free ports for the requested pod ports", resolvable: true };
    return ({ pods }) => {
      for (const { hostPorts: taken } of pods.values()) {
        if (taken.some((one) => wanted.some((other) => collide(one, other)))) return refusal;
      }
      return undefined;
    };
  },
};

function collide(one: HostPort, other: HostPort): boolean {
  if (one.port !== other.port || one.protocol !== other.protocol) return false;
  return one.ip === other.ip || one.ip === '0.0.0.0' || other.ip === '0.0.0.0';
}
