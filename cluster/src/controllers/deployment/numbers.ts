import type { Deployment, ReplicaSet } from '@berth/kube/objects';
import { resolveIntOrPercent } from '../int-or-percent.ts';

export function wanted(object: Deployment | ReplicaSet): number {
  return object.spec?.replicas ?? 1;
}

export function isRollingUpdate(deployment: Deployment): boolean {
  return deployment.spec?.strategy?.type !== 'Recreate';
}

/**
 * How many pods may be there beyond those wanted, and how many of them may be missing. Percentages of the surge are rounded up and those of
 * the unavailable down; when both come to nothing one may be missing, or the rollout could never move.
 */
export function limits(deployment: Deployment): { maxSurge: number; maxUnavailable: number } {
  if (!isRollingUpdate(deployment)) return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec?.strategy?.rollingUpdate ?? {};
  const replicas = wanted(deployment);
  const surge = resolveIntOrPercent(maxSurge, replicas, 'up');
  const unavailable = resolveIntOrPercent(maxUnavailable, replicas, 'down');
  if (surge === 0 && unavailable === 0) return { maxSurge: 0, maxUnavailable: 1 };
  return { maxSurge: surge, maxUnavailable: Math.min(unavailable, replicas) };
}

/** The most pods there may be in all. */
export function largest(deployment: Deployment): number {
  return wanted(deployment) + limits(deployment).maxSurge;
}

export function total(sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number | undefined): number {
  return sets.reduce((sum, set) => sum + (count(set) ?? 0), 0);
}

/**
 * Pods of the set that are available and will stay: its status may be older than a scaling down that was just decided, and
 * what is to go must not be counted on.
 */
export function lastingAvailable(set: ReplicaSet): number {
  return Math.min(set.status?.availableReplicas ?? 0, wanted(set));
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const [one, other] = [a, b].map((set) => set.metadata.creationTimestamp ?? '');
  if (one !== other) return (one ?? '') < (other ?? '') ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
