import { podsOfTerm } from '../affinity-terms.ts';
import { termMatcher } from '../node-selectors.ts';
import { isTolerated } from '../taints.ts';
import type { NodeInfo, PodInfo, Score } from '../types.ts';

function fractions({ estimated: pod }: PodInfo, { allocatable, estimated }: NodeInfo): [number, number] {
  const cpu = (estimated.cpu + pod.cpu) / (allocatable.cpu || 1);
  const memory = (estimated.memory + pod.memory) / (allocatable.memory || 1);
  return [Math.min(cpu, 1), Math.min(memory, 1)];
}

/** The emptier the better. */
const leastAllocated: Score = {
  name: 'NodeResourcesFit',
  weight: 1,
  prepare: (pod) => (node) => {
    const [cpu, memory] = fractions(pod, node);
    return ((1 - cpu + 1 - memory) / 2) * 100;
  },
};

/** Processor and memory used in like measure: what is left of one is of no use without the other. */
const balancedAllocation: Score = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  prepare: (pod) => (node) => {
    const [cpu, memory] = fractions(pod, node);
    return (1 - Math.abs(cpu - memory) / 2) * 100;
  },
};

/** Fewer pods of the same owner on the node, so that one node's failure takes as few of them as possible. */
const spreadByOwner: Score = {
  name: 'PodTopologySpread',
  weight: 2,
  normalize: 'lowest',
  prepare({ owner }) {
    if (owner === undefined) return undefined;
    return ({ owners }) => owners.get(owner) ?? 0;
  },
};

const preferredTaints: Score = {
  name: 'TaintToleration',
  weight: 3,
  normalize: 'lowest',
  prepare({ pod }) {
    const tolerations = pod.spec?.tolerations ?? [];
    return ({ node }) => {
      const taints = node.spec?.taints;
      if (!taints) return 0;
      return taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations)).length;
    };
  },
};

const preferredNodes: Score = {
  name: 'NodeAffinity',
  weight: 2,
  normalize: 'highest',
  prepare({ pod }) {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    const terms = preferred.map(({ weight, preference }) => ({ weight, matches: termMatcher(preference) }));
    return ({ node }) => terms.reduce((sum, { weight, matches }) => sum + (matches(node) ? weight : 0), 0);
  },
};

const preferredPods: Score = {
  name: 'InterPodAffinity',
  weight: 2,
  normalize: 'highest',
  prepare({ pod }, { nodes }) {
    const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
    const near = podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const far = podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (near.length + far.length === 0) return undefined;
    const terms = [...near, ...far].map(({ weight, podAffinityTerm }, at) => ({
      key: podAffinityTerm.topologyKey,
      weight: at < near.length ? weight : -weight,
      concerns: podsOfTerm(podAffinityTerm, pod),
      sums: new Map<string, number>(),
    }));
    for (const { node, pods } of nodes) {
      for (const { key, weight, concerns, sums } of terms) {
        const value = node.metadata.labels?.[key];
        if (value === undefined) continue;
        for (const { pod: other } of pods.values()) {
          if (concerns(other)) sums.set(value, (sums.get(value) ?? 0) + weight);
        }
      }
    }
    return ({ node }) =>
      terms.reduce((sum, { key, sums }) => sum + (sums.get(node.metadata.labels?.[key] ?? '') ?? 0), 0);
  },
};

/** From 23 MB on an image that is there counts, at 1 GB in full, as in Kubernetes. */
const smallestImage = 23 * 1024 * 1024;
const largestImage = 1000 * 1024 * 1024;

const imageLocality: Score = {
  name: 'ImageLocality',
  weight: 1,
  prepare({ pod }) {
    const wanted = (pod.spec?.containers ?? []).map(({ image = '' }) => nameWithTag(image));
    return ({ images }) => {
      if (images.size === 0) return 0;
      const there = wanted.reduce((sum, image) => sum + (images.get(image) ?? 0), 0);
      const most = largestImage * wanted.length;
      return (Math.max(0, Math.min(there, most) - smallestImage) / (most - smallestImage)) * 100;
    };
  },
};

function nameWithTag(image: string): string {
  return image.lastIndexOf(':') > image.lastIndexOf('/') ? image : `${image}:latest`;
}

export const scores: readonly Score[] = [
  leastAllocated,
  balancedAllocation,
  spreadByOwner,
  preferredTaints,
  preferredNodes,
  preferredPods,
  imageLocality,
];
