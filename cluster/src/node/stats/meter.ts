import type { Use } from '../../api/nodes/types.ts';
import type { NodeUsage, Usage } from './usage.ts';

/** What was used between two looks. */
export interface Meter {
  /** Takes in what the next look found. */
  add(usage: NodeUsage): void;
  /** Of the machine; undefined until it was looked at twice. */
  node(): Use | undefined;
  /** By container, of a pod: those that were looked at twice. Undefined when there is none, or one of them is too young. */
  pod(uid: string): ReadonlyMap<string, Use> | undefined;
}

/** Turns counters into rates. Containers go by their identity: one that was started again counts from nothing. */
export function createMeter(): Meter {
  let node: Use | undefined;
  let pods = new Map<string, Map<string, Use>>();
  let before: NodeUsage | undefined;
  return {
    add(usage) {
      const known = new Map(before?.containers.map((one) => [one.id, one]));
      const young = new Set<string>();
      pods = new Map();
      for (const one of usage.containers) {
        const use = useBetween(known.get(one.id), one);
        if (!use) young.add(one.podUid);
        else {
          const containers = pods.get(one.podUid) ?? new Map<string, Use>();
          pods.set(one.podUid, containers.set(one.container, use));
        }
      }
      // Part of a pod would look like less than it uses.
      for (const uid of young) pods.delete(uid);
      node = useBetween(before?.node, usage.node);
      before = usage;
    },
    node: () => node,
    pod: (uid) => pods.get(uid),
  };
}

function useBetween(before: Usage | undefined, after: Usage): Use | undefined {
  // A clock that was set back, or a counter that began anew, measures nothing.
  if (!before || after.at <= before.at || after.cpuNanoseconds < before.cpuNanoseconds) return undefined;
  const window = after.at - before.at;
  const cpuNanocores = ((after.cpuNanoseconds - before.cpuNanoseconds) * 1000) / window;
  return { at: after.at, window, cpuNanocores, memoryBytes: after.workingSetBytes };
}

/** What the containers of a pod use, as one answer: over the shortest time, up to the latest moment. */
export function podUseOf(uses: ReadonlyMap<string, Use> | undefined) {
  if (!uses) return undefined;
  const all = [...uses].map(([name, use]) => ({ name, ...use }));
  return {
    at: Math.max(...all.map(({ at }) => at)),
    window: Math.min(...all.map(({ window }) => window)),
    containers: all.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
