import { estimateOfContainers } from '../requests.ts';
import type { Amounts, NodeInfo, PodInfo, Score } from '../types.ts';

/** The emptier the better; containers that ask for nothing count with a little. */
export const leastAllocated: Score = {
  name: 'NodeResourcesFit',
  weight: 1,
  prepare(info) {
    const pod = estimateOfContainers(info);
    return {
      score({ allocatable, estimated }) {
        let sum = 0;
        let resources = 0;
        for (const name of measured) {
          const capacity = allocatable[name] ?? 0;
          if (capacity === 0) continue;
          resources++;
          const free = capacity - estimated[name] - pod[name];
          if (free > 0) sum += Math.floor((free * 100) / capacity);
        }
        return resources === 0 ? 0 : Math.floor(sum / resources);
      },
    };
  },
};

/** Processor and memory used in like measure: what is left of one is of no use without the other. */
export const balancedAllocation: Score = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  prepare({ requests }: PodInfo) {
    // Pods that ask for nothing would all be sent to the same node.
    if (measured.every((name) => (requests[name] ?? 0) === 0)) return undefined;
    return { score: (node) => balance(requests, node) };
  },
};

const measured = ['cpu', 'memory'] as const;

function balance(requests: Amounts, { allocatable, requested }: NodeInfo): number {
  const { cpu: cores = 0, memory = 0 } = allocatable;
  // Of one alone there is no balance.
  if (cores === 0 || memory === 0) return 100;
  const ofCores = used(requested.cpu, requests.cpu, cores);
  const ofMemory = used(requested.memory, requests.memory, memory);
  return Math.trunc((1 - Math.abs(ofCores - ofMemory) / 2) * 100);
}

/** The share of a capacity that is asked for, with what the pod asks for. */
function used(before: number | undefined, more: number | undefined, capacity: number): number {
  return Math.min(1, ((before ?? 0) + (more ?? 0)) / capacity);
}
