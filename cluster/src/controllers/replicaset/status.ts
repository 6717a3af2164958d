import { type Pod, type ReplicaSet, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { rfc3339, type StatusCondition, withCondition, withoutCondition } from '../conditions.ts';
import { availableIn, isAvailable, isReady } from '../pods/index.ts';
import { count, statusActions } from '../status.ts';

/** The status that the set's active pods make, and when a ready pod will count as available. */
export function statusOf(
  set: ReplicaSet,
  pods: readonly Pod[],
  now: number,
): { status: Action[]; requeueAfter: number | undefined } {
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const labels = Object.entries(set.spec?.template?.metadata?.labels ?? {});
  const labeled = pods.filter((pod) => labels.every(([name, value]) => pod.metadata.labels?.[name] === value));
  const waits = pods.map((pod) => availableIn(pod, minReadySeconds, now) ?? 0).filter((wait) => wait > 0);
  const wanted = set.spec?.replicas ?? 1;
  const before: readonly StatusCondition[] = set.status?.conditions ?? [];
  // Kept until the number is right again: a refusal that is being retried is still one.
  const conditions = pods.length === wanted ? withoutCondition(before, 'ReplicaFailure') : before;
  const status = {
    replicas: pods.length,
    ...count('fullyLabeledReplicas', labeled.length),
    ...count('readyReplicas', pods.filter(isReady).length),
    ...count('availableReplicas', pods.filter((pod) => isAvailable(pod, minReadySeconds, now)).length),
    ...count('observedGeneration', set.metadata.generation ?? 0),
    ...(conditions.length > 0 ? { conditions } : {}),
  };
  return {
    status: statusActions(resources.replicaSets, set, status),
    requeueAfter: waits.length > 0 ? Math.min(...waits) : undefined,
  };
}

/** The status with the condition that pods could not be created. */
export function failureStatus(set: ReplicaSet, reason: string, message: string, now: number): Action[] {
  const condition: StatusCondition = {
    type: 'ReplicaFailure',
    status: 'True',
    lastTransitionTime: rfc3339(now),
    reason,
    message,
  };
  const conditions = withCondition<StatusCondition>(set.status?.conditions ?? [], condition);
  const { generation } = set.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return statusActions(resources.replicaSets, set, { ...set.status, ...observed, conditions });
}
