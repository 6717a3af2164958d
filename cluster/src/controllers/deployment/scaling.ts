import type { ReplicaSet } from '@berth/kube/objects';
import { desiredOf, maxOf } from './annotations.ts';
import { byCreation, isRollingUpdate, largest, limits, total, wanted } from './numbers.ts';
import { allSets, isInUse, type Plan, scaleSet } from './plan.ts';

/** Whether somebody changed the Deployment's replicas since its sets were last sized. */
export function isScaling(plan: Plan): boolean {
  const inUse = allSets(plan).filter(isInUse);
  // Recreate shares nothing out: it goes on by taking the old ones away.
  if (!isRollingUpdate(plan.deployment) && inUse.length > 1) return false;
  return inUse.some((set) => {
    const desired = desiredOf(set);
    return desired !== undefined && desired !== wanted(plan.deployment);
  });
}

/**
 * Brings the sets to the Deployment's replicas without moving the rollout: the one set that is in use takes them all; in the middle of a
 * rollout each takes its share, so that a bad new version does not grow at the cost of a good old one.
 */
export function scaleProportionally(plan: Plan): void {
  const { deployment, newSet } = plan;
  const only = onlySetInUse(plan);
  if (only) {
    if (wanted(only) !== wanted(deployment)) scaleSet(plan, only, wanted(deployment));
    else scaleSet(plan, only, wanted(only));
    return;
  }
  if (newSet && isSaturated(plan, newSet)) {
    for (const set of plan.oldSets.filter(isInUse)) scaleSet(plan, set, 0);
    return;
  }
  if (isRollingUpdate(deployment)) share(plan);
}

/** The set in use when there is one at most; when none is: the new one, or the newest. */
function onlySetInUse(plan: Plan): ReplicaSet | undefined {
  const inUse = allSets(plan).filter(isInUse);
  if (inUse.length > 1) return undefined;
  return inUse[0] ?? plan.newSet ?? plan.oldSets.at(-1);
}

function isSaturated({ deployment }: Plan, set: ReplicaSet): boolean {
  const replicas = wanted(deployment);
  return desiredOf(set) === replicas && wanted(set) === replicas && set.status?.availableReplicas === replicas;
}

function share(plan: Plan): void {
  const { deployment } = plan;
  const sets = allSets(plan).filter(isInUse);
  const allowed = wanted(deployment) > 0 ? wanted(deployment) + limits(deployment).maxSurge : 0;
  const change = allowed - total(sets, wanted);
  // Largest first; of equal ones the newer grows first and the older shrinks first.
  const age = change > 0 ? -1 : 1;
  sets.sort((a, b) => wanted(b) - wanted(a) || age * byCreation(a, b));
  let shared = 0;
  const sizes = sets.map((set) => {
    const part = change === 0 || change === shared ? 0 : partOf(plan, set, change - shared);
    shared += part;
    return wanted(set) + part;
  });
  // What rounding left over goes to the largest.
  if (sizes[0] !== undefined) sizes[0] = Math.max(0, sizes[0] + change - shared);
  for (const [at, set] of sets.entries()) scaleSet(plan, set, sizes[at] ?? wanted(set));
}

/** The set's share of the change, never more than what is left of it. */
function partOf({ deployment }: Plan, set: ReplicaSet, left: number): number {
  if (wanted(deployment) === 0) return Math.max(-wanted(set), left);
  const before = maxOf(set) || deployment.status?.replicas || 0;
  if (before === 0) return 0;
  const part = Math.round((wanted(set) * largest(deployment)) / before) - wanted(set);
  return left > 0 ? Math.min(part, left) : Math.max(part, left);
}
