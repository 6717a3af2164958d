import { resources } from '@berth/kube/objects';
import { isTerminal } from '../pods/index.ts';
import { wanted } from './numbers.ts';
import { isInUse, type Plan, scaleSet } from './plan.ts';
import { syncRevision } from './revision.ts';

/** All old pods go, and only when the last has ended the new ones come. */
export function recreate(plan: Plan): void {
  syncRevision(plan, false);
  const inUse = plan.oldSets.filter(isInUse);
  if (inUse.length > 0) {
    for (const set of inUse) scaleSet(plan, set, 0);
    return;
  }
  if (oldPodsLeft(plan)) return;
  if (!plan.newSet) syncRevision(plan, true);
  if (plan.newSet && plan.newSet.metadata.uid !== undefined) scaleSet(plan, plan.newSet, wanted(plan.deployment));
}

/** A pod that is being deleted may still run: it counts until it has ended. */
function oldPodsLeft({ oldSets, view }: Plan): boolean {
  return oldSets.some(
    (set) =>
      (set.status?.replicas ?? 0) > 0 ||
      view.controlledBy(resources.pods, set.metadata.uid ?? '').some((pod) => !isTerminal(pod)),
  );
}
