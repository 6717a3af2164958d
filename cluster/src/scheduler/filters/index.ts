import type { Filter } from '../types.ts';
import { nodeAffinity, taints, unschedulable } from './node.ts';
import { podAffinity, podAntiAffinity } from './pod-affinity.ts';
import { hostPorts, resourcesFit } from './resources.ts';
import { topologySpread } from './topology-spread.ts';

/** In the order of their cost: a node is asked about until the first refusal. */
export const filters: readonly Filter[] = [
  unschedulable,
  taints,
  nodeAffinity,
  hostPorts,
  resourcesFit,
  topologySpread,
  podAffinity,
  podAntiAffinity,
];
