import type { Pod } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { rfc3339, type StatusCondition, withCondition, withoutCondition } from '../conditions.ts';
import { availableIn, isAvailable, isReady } from '../pods/index.ts';
import { count, statusActions } from '../status.ts';
import type { ReplicaKind, ReplicaOwner } from './kind.ts';

/** The status that the owner's pods make, and when a ready pod will count as available. */
export function statusOf<T extends ReplicaOwner>(
  kind: ReplicaKind<T>,
  owner: T,
  { active, terminating }: { active: readonly Pod[]; terminating: number },
  now: number,
): { status: Action[]; requeueAfter: number | undefined } {
  const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
  const labels = Object.entries(owner.spec?.template?.metadata?.labels ?? {});
  const labeled = active.filter((pod) => labels.every(([name, value]) => pod.metadata.labels?.[name] === value));
  const waits = active.map((pod) => availableIn(pod, minReadySeconds, now) ?? 0).filter((wait) => wait > 0);
  const before: readonly StatusCondition[] = owner.status?.conditions ?? [];
  // This is written when nothing of the round was refused.
  const conditions = withoutCondition(before, 'ReplicaFailure');
  const status = {
    replicas: active.length,
    ...count('fullyLabeledReplicas', labeled.length),
    ...count('readyReplicas', active.filter(isReady).length),
    ...count('availableReplicas', active.filter((pod) => isAvailable(pod, minReadySeconds, now)).length),
    ...(kind.countsTerminating ? { terminatingReplicas: terminating } : {}),
    ...count('observedGeneration', owner.metadata.generation ?? 0),
    ...(conditions.length > 0 ? { conditions } : {}),
  };
  return {
    status: statusActions(kind.resource, owner, status),
    requeueAfter: waits.length > 0 ? Math.min(...waits) : undefined,
  };
}

/** The status with the condition that pods could not be created, or not be deleted. */
export function failureStatus<T extends ReplicaOwner>(
  kind: ReplicaKind<T>,
  owner: T,
  { reason, message }: { reason: 'FailedCreate' | 'FailedDelete'; message: string },
  now: number,
): Action[] {
  const condition: StatusCondition = {
    type: 'ReplicaFailure',
    status: 'True',
    lastTransitionTime: rfc3339(now),
    reason,
    message,
  };
  const conditions = withCondition<StatusCondition>(owner.status?.conditions ?? [], condition);
  const { generation } = owner.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return statusActions(kind.resource, owner, { ...owner.status, ...observed, conditions });
}
