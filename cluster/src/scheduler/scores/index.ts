import type { Score } from '../types.ts';
import { imageLocality, preferredNodes, preferredTaints } from './node.ts';
import { preferredPods } from './pod-affinity.ts';
import { balancedAllocation, leastAllocated } from './resources.ts';
import { preferredSpread } from './topology-spread.ts';

export { total } from './total.ts';

/** With kube-scheduler's weights. */
export const scores: readonly Score[] = [
  preferredTaints,
  preferredNodes,
  leastAllocated,
  preferredSpread,
  preferredPods,
  balancedAllocation,
  imageLocality,
];
