import type { KubeObject } from '@berth/kube/objects';
import { addQuantities, type Quantity } from '@berth/kube/quantity';
import { zero } from './amounts.ts';
import { isCovered } from './scopes.ts';
import type { Evaluator, ResourceQuota, Usage } from './types.ts';

/** What those of the objects use that the quota is about, by these names. `now`: milliseconds since the epoch. */
export function usageIn(
  quota: ResourceQuota,
  evaluator: Evaluator,
  objects: readonly KubeObject[],
  names: readonly string[],
  now: number,
): Usage {
  const total: Record<string, Quantity> = Object.fromEntries(names.map((name) => [name, zero]));
  for (const object of objects) {
    if (!isCovered(quota, evaluator, object)) continue;
    const usage = evaluator.usageOf(object, now);
    for (const [name, before] of Object.entries(total)) {
      const more = usage[name];
      if (more) total[name] = addQuantities(before, more);
    }
  }
  return total;
}
