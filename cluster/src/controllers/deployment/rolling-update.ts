import type { ReplicaSet } from '@berth/kube/objects';
import { isRollingUpdate, largest, lastingAvailable, limits, total, wanted } from './numbers.ts';
import { allSets, type Plan, scaleSet } from './plan.ts';

/** How many replicas the new set may have by now: as many as the surge leaves room for, up to all. */
export function sizeOfNewSet(plan: Plan): number {
  const { deployment, newSet } = plan;
  const present = newSet ? wanted(newSet) : 0;
  if (!isRollingUpdate(deployment)) return wanted(deployment);
  const room = largest(deployment) - total(allSets(plan), wanted);
  if (room <= 0) return present;
  return present + Math.min(room, wanted(deployment) - present);
}

/** One step of a rolling update: the new set grows, or the old ones shrink, within the limits. */
export function rollingUpdate(plan: Plan): void {
  const { deployment, newSet } = plan;
  if (newSet && wanted(newSet) !== wanted(deployment)) {
    const size = wanted(newSet) > wanted(deployment) ? wanted(deployment) : sizeOfNewSet(plan);
    if (scaleSet(plan, newSet, size)) return;
  }
  shrinkOldSets(plan);
}

function shrinkOldSets(plan: Plan): void {
  const { deployment, newSet } = plan;
  const old = plan.oldSets.filter((set) => wanted(set) > 0);
  if (old.length === 0) return;
  const least = wanted(deployment) - limits(deployment).maxUnavailable;
  const newUnavailable = newSet ? wanted(newSet) - lastingAvailable(newSet) : 0;
  const mayGo = total(allSets(plan), wanted) - least - newUnavailable;
  if (mayGo <= 0) return;

  // Those that are not available serve nobody: they go first, and would hold up the rollout if they stayed.
  let left = mayGo;
  for (const set of old) {
    const broken = wanted(set) - lastingAvailable(set);
    const gone = Math.min(left, broken);
    if (gone <= 0) continue;
    scaleSet(plan, current(plan, set), wanted(set) - gone);
    left -= gone;
  }

  let spare = total(allSets(plan), lastingAvailable) - least;
  for (const { metadata } of old) {
    const set = plan.oldSets.find((each) => each.metadata.uid === metadata.uid);
    if (!set || spare <= 0) continue;
    const gone = Math.min(spare, wanted(set));
    if (gone > 0) scaleSet(plan, set, wanted(set) - gone);
    spare -= gone;
  }
}

/** The set as the plan has it by now. */
function current(plan: Plan, set: ReplicaSet): ReplicaSet {
  return plan.oldSets.find((each) => each.metadata.uid === set.metadata.uid) ?? set;
}
