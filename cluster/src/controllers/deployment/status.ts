import { resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { findCondition, rfc3339, type StatusCondition, withCondition, withoutCondition } from '../conditions.ts';
import { count, statusActions } from '../status.ts';
import { limits, total, wanted } from './numbers.ts';
import { allSets, type Plan } from './plan.ts';
import { hasDeadline } from './revision.ts';

interface Counts {
  replicas: number;
  updatedReplicas: number;
  readyReplicas: number;
  availableReplicas: number;
}

/**
 * Decides the Deployment's status, and when it must be looked at again to see that it missed its deadline. Only a rollout tells of its progress and of
 * pods that cannot be made: while it is paused or scaled, those conditions stay as they are.
 */
export function statusOf(plan: Plan, rolling: boolean): { actions: Action[]; requeueAfter: number | undefined } {
  const { deployment } = plan;
  const counts = countsOf(plan);
  availability(plan, counts);
  if (rolling) {
    progress(plan, counts);
    failure(plan);
  }
  const status = {
    ...count('observedGeneration', deployment.metadata.generation ?? 0),
    ...count('replicas', counts.replicas),
    ...count('updatedReplicas', counts.updatedReplicas),
    ...count('readyReplicas', counts.readyReplicas),
    ...count('availableReplicas', counts.availableReplicas),
    ...count('unavailableReplicas', Math.max(0, total(allSets(plan), wanted) - counts.availableReplicas)),
    ...terminating(plan),
    ...(plan.collisionCount === undefined ? {} : { collisionCount: plan.collisionCount }),
    ...(plan.conditions.length > 0 ? { conditions: plan.conditions } : {}),
  };
  return {
    actions: statusActions(resources.deployments, deployment, status),
    requeueAfter: deadlineIn(plan, counts),
  };
}

function countsOf(plan: Plan): Counts {
  const sets = allSets(plan);
  return {
    replicas: total(sets, (set) => set.status?.replicas),
    updatedReplicas: plan.newSet?.status?.replicas ?? 0,
    readyReplicas: total(sets, (set) => set.status?.readyReplicas),
    availableReplicas: total(sets, (set) => set.status?.availableReplicas),
  };
}

/** Left out while a set, other than the one that is only being made, does not say how many of its pods are being deleted. */
function terminating(plan: Plan): { terminatingReplicas?: number } {
  const made = allSets(plan).filter(({ metadata }) => metadata.uid !== undefined);
  const counts = made.map(({ status }) => status?.terminatingReplicas);
  return counts.includes(undefined) ? {} : { terminatingReplicas: counts.reduce<number>((a, b) => a + (b ?? 0), 0) };
}

function availability(plan: Plan, counts: Counts): void {
  const least = wanted(plan.deployment) - limits(plan.deployment).maxUnavailable;
  const enough = counts.availableReplicas >= least;
  set(plan, {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
  });
}

export function isComplete({ deployment }: Plan, counts: Counts): boolean {
  const replicas = wanted(deployment);
  return counts.updatedReplicas === replicas && counts.replicas === replicas && counts.availableReplicas === replicas;
}

/** Whether the rollout was over when the status was last written: what was seen then is what history is kept by. */
export function isRolledOut(plan: Plan): boolean {
  const { metadata, status = {} } = plan.deployment;
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  const isSeen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return isSeen && isComplete(plan, { replicas, updatedReplicas, readyReplicas, availableReplicas });
}

function hasMoved({ deployment }: Plan, counts: Counts): boolean {
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = deployment.status ?? {};
  return (
    counts.updatedReplicas > updatedReplicas ||
    counts.replicas - counts.updatedReplicas < replicas - updatedReplicas ||
    counts.readyReplicas > readyReplicas ||
    counts.availableReplicas > availableReplicas
  );
}

function progress(plan: Plan, counts: Counts): void {
  if (!hasDeadline(plan)) {
    plan.conditions = withoutCondition(plan.conditions, 'Progressing');
    return;
  }
  const present = findCondition(plan.conditions, 'Progressing');
  // Finished once is finished until the template changes, whatever happens to its pods.
  if (counts.replicas === counts.updatedReplicas && present?.reason === 'NewReplicaSetAvailable') return;
  const { newSet, deployment } = plan;
  const subject = newSet ? `ReplicaSet "${newSet.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(plan, counts)) {
    set(plan, { status: 'True', reason: 'NewReplicaSetAvailable', message: `${subject} has successfully progressed.` });
  } else if (hasMoved(plan, counts)) {
    const since = present?.status === 'True' ? present.lastTransitionTime : undefined;
    // Taken out first: each move is news, and moves the deadline.
    plan.conditions = withoutCondition(plan.conditions, 'Progressing');
    set(plan, {
      status: 'True',
      reason: 'ReplicaSetUpdated',
      message: `${subject} is progressing.`,
      ...(since === undefined ? {} : { lastTransitionTime: since }),
    });
  } else if (hasTimedOut(plan, present)) {
    set(plan, {
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `${subject} has timed out progressing.`,
    });
  }
}

function hasTimedOut({ deployment, now }: Plan, present: StatusCondition | undefined): boolean {
  if (!present || present.reason === 'NewReplicaSetAvailable') return false;
  if (present.reason === 'ProgressDeadlineExceeded') return true;
  const deadline = (deployment.spec?.progressDeadlineSeconds ?? 600) * 1000;
  return Date.parse(present.lastUpdateTime ?? '') + deadline < now;
}

function deadlineIn(plan: Plan, counts: Counts): number | undefined {
  const present = findCondition(plan.conditions, 'Progressing');
  if (!hasDeadline(plan) || !present || isComplete(plan, counts)) return undefined;
  if (present.reason === 'ProgressDeadlineExceeded' || present.reason === 'NewReplicaSetAvailable') return undefined;
  if (plan.deployment.spec?.paused) return undefined;
  const deadline = (plan.deployment.spec?.progressDeadlineSeconds ?? 600) * 1000;
  return Math.max(0, Date.parse(present.lastUpdateTime ?? '') + deadline - plan.now) + 1000;
}

/** The sets' own failures to make pods, the new one's before the others'. */
function failure(plan: Plan): void {
  const sets = plan.newSet ? [plan.newSet, ...plan.oldSets] : plan.oldSets;
  const found = sets
    .map((each) => findCondition<StatusCondition>(each.status?.conditions, 'ReplicaFailure'))
    .find((condition) => condition?.status === 'True');
  if (found) set(plan, { ...found, lastUpdateTime: found.lastTransitionTime ?? rfc3339(plan.now) });
  else plan.conditions = withoutCondition(plan.conditions, 'ReplicaFailure');
}

/** A deadline must not pass while nothing is allowed to move: a pause stops the clock, a resume starts it anew. */
export function notePause(plan: Plan): void {
  if (!hasDeadline(plan)) return;
  const present = findCondition(plan.conditions, 'Progressing');
  if (present?.reason === 'ProgressDeadlineExceeded') return;
  const notedAsPaused = present?.reason === 'DeploymentPaused';
  if (plan.deployment.spec?.paused && !notedAsPaused) {
    set(plan, { status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' });
  } else if (!plan.deployment.spec?.paused && notedAsPaused) {
    set(plan, { status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' });
  }
}

function set(plan: Plan, condition: Partial<StatusCondition> & { status: string }): void {
  const time = rfc3339(plan.now);
  plan.conditions = withCondition(plan.conditions, {
    type: 'Progressing',
    lastUpdateTime: time,
    lastTransitionTime: time,
    ...condition,
  });
}
