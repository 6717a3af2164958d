import type { Filter } from '../types.ts';
import { nodeAffinity } from './node-affinity.ts';
import { taints, unschedulable } from './node-taints.ts';
import { podAffinity } from './pod-affinity.ts';
import { hostPorts, resourcesFit } from './resources.ts';
import { topologySpread } from './topology-spread.ts';
import { volumeBinding, volumeRestrictions } from './volumes.ts';

/** In kube-scheduler's order: a node is asked about until the first refusal, which is the one that is told. */
export const filters: readonly Filter[] = [
  unschedulable,
  taints,
  nodeAffinity,
  hostPorts,
  resourcesFit,
  volumeRestrictions,
  volumeBinding,
  topologySpread,
  podAffinity,
];
