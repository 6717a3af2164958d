import { claimEvaluator, countEvaluator, serviceEvaluator } from './others.ts';
import { podEvaluator } from './pods.ts';
import type { Evaluator } from './types.ts';

export { amountsOf, areEqual, largest, less, only, type ResourceList, sum, written } from './amounts.ts';
export { type UsageCounter, usageCounter } from './count.ts';
export { judge, trackedNames } from './judge.ts';
export { podUsage } from './pod-resources.ts';
export { type Evaluator, type ResourceQuota, resourceQuotas, type Usage, type Write } from './types.ts';

const special: readonly Evaluator[] = [podEvaluator, claimEvaluator, serviceEvaluator];

/**
 * How objects of a resource use up quotas; undefined for what no quota counts. Source: "Resource Quotas" of the Kubernetes documentation.
 */
export function evaluatorOf(resource: { group: string; resource: string }): Evaluator | undefined {
  if (resource.resource === 'events' && ['', 'events.k8s.io'].includes(resource.group)) return undefined;
  const found = special.find(
    (each) => each.resource.group === resource.group && each.resource.resource === resource.resource,
  );
  return found ?? countEvaluator(resource);
}
