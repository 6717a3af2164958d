import { controllerOf, type Job, type Pod, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { findCondition, rfc3339 } from '../conditions.ts';
import { isActive, isReady, isTerminal } from '../pods/index.ts';
import { count, keyOf, statusActions } from '../status.ts';
import { condition, finish, jobConditions, reasonToFail } from './end.ts';
import { formatIndexes, indexOf, parseIndexes } from './indexes.ts';
import { creation, deletion } from './pods.ts';
import { account } from './tracking.ts';

/** Runs pods until enough of them have succeeded. Source: "Jobs" of the Kubernetes documentation. */
export const jobController: Reconciler<Job> = {
  name: 'job-controller',
  resource: resources.jobs,
  watches: [
    {
      resource: resources.pods,
      concerns(pod) {
        const owner = controllerOf(pod);
        return owner?.kind === 'Job' ? [{ namespace: pod.metadata.namespace ?? '', name: owner.name }] : [];
      },
    },
  ],
  reconcile,
};

/** The delay before a failed pod is replaced: doubled with each failure, as far as this. */
const firstBackoff = 10_000;
const longestBackoff = 600_000;

function reconcile(job: Job, view: View, now: number): Outcome {
  const { spec, status = {}, metadata } = job;
  if (!spec || spec.managedBy) return { actions: [] };
  const owned = view.controlledBy(resources.pods, metadata.uid ?? '');
  if (jobConditions(job).some(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True')) {
    return expire(job, owned, now);
  }

  const tracked = account(job, owned);
  const active = owned.filter((pod) => isActive(pod) && !tracked.counted.has(pod.metadata.uid ?? ''));
  const terminating = owned.filter((pod) => pod.metadata.deletionTimestamp && !isTerminal(pod)).length;
  const startTime = status.startTime ?? (spec.suspend ? undefined : rfc3339(now));
  const done = parseIndexes(status.completedIndexes);
  const isIndexed = spec.completionMode === 'Indexed';
  for (const pod of isIndexed ? tracked.newlySucceeded : []) done.add(indexOf(pod) ?? -1);
  done.delete(-1);
  const succeeded = isIndexed ? done.size : tracked.succeeded;

  const actions: Action[] = [];
  let conditions = jobConditions(job);
  let left = active.length;
  let wakeUp: number | undefined;
  const failure = reasonToFail(job, tracked.failed, startTime, now);
  const complete = !failure && isComplete(job, succeeded, active.length);
  if (failure || complete) {
    actions.push(...active.flatMap((pod) => deletion(job, pod)));
    left = 0;
    // Told only once every pod is accounted for, so that the figures no longer change.
    if (tracked.settled) {
      conditions = finish(conditions, failure, now);
      actions.push(
        failure
          ? event(job, 'Warning', failure.reason, failure.message)
          : event(job, 'Normal', 'Completed', 'Job completed'),
      );
    }
  } else if (spec.suspend) {
    actions.push(...active.flatMap((pod) => deletion(job, pod)));
    left = 0;
    if (findCondition(conditions, 'Suspended')?.status !== 'True') {
      conditions = condition(conditions, 'Suspended', 'True', 'JobSuspended', 'Job suspended', now);
      actions.push(event(job, 'Normal', 'Suspended', 'Job suspended'));
    }
  } else if (metadata.deletionTimestamp === undefined) {
    if (findCondition(conditions, 'Suspended')?.status === 'True') {
      conditions = condition(conditions, 'Suspended', 'False', 'JobResumed', 'Job resumed', now);
    }
    const missing = wanted(job, succeeded, active.length) - active.length;
    const backoff = backoffLeft(tracked.failed, owned, now);
    if (missing > 0 && backoff > 0) wakeUp = backoff;
    else if (missing > 0) actions.push(...creation(job, missing, { active, done, view, now }));
    else actions.push(...active.slice(0, -missing || 0).flatMap((pod) => deletion(job, pod)));
  }
  const next = {
    ...(startTime === undefined || spec.suspend ? {} : { startTime }),
    ...(complete && tracked.settled ? { completionTime: rfc3339(now) } : {}),
    ...count('active', left),
    ...count('succeeded', succeeded),
    ...count('failed', tracked.failed),
    ready: active.filter(isReady).length,
    terminating,
    ...(isIndexed && done.size > 0 ? { completedIndexes: formatIndexes(done) } : {}),
    uncountedTerminatedPods: tracked.uncounted,
    ...(conditions.length > 0 ? { conditions } : {}),
  };
  // The figures first: a finalizer that is gone before its pod was noted would be a pod that nobody counts.
  actions.unshift(...statusActions(resources.jobs, job, next), ...tracked.releases);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && startTime !== undefined && !failure && !complete) {
    wakeUp = Math.min(wakeUp ?? Number.POSITIVE_INFINITY, Math.max(0, Date.parse(startTime) + deadline * 1000 - now));
  }
  return wakeUp === undefined ? { actions } : { actions, requeueAfter: wakeUp };
}

/** Without `completions` the first success is the sign to the others that the work is done. */
function isComplete({ spec }: Job, succeeded: number, active: number): boolean {
  if (spec?.completions === undefined) return succeeded > 0 && active === 0;
  return succeeded >= spec.completions;
}

function wanted({ spec }: Job, succeeded: number, active: number): number {
  const parallelism = spec?.parallelism ?? 1;
  if (spec?.completions === undefined) return succeeded > 0 ? active : parallelism;
  return Math.min(parallelism, spec.completions - succeeded);
}

function backoffLeft(failed: number, pods: readonly Pod[], now: number): number {
  if (failed === 0) return 0;
  const ends = pods
    .filter((pod) => pod.status?.phase === 'Failed')
    .flatMap((pod) => pod.status?.containerStatuses?.map((each) => each.state?.terminated?.finishedAt ?? '') ?? [])
    .map((time) => Date.parse(time))
    .filter((time) => !Number.isNaN(time));
  if (ends.length === 0) return 0;
  return Math.max(...ends) + Math.min(firstBackoff * 2 ** (failed - 1), longestBackoff) - now;
}

/** What is left of a finished job: pods that still bear the finalizer, and in the end itself. */
function expire(job: Job, owned: readonly Pod[], now: number): Outcome {
  const { releases } = account(job, owned);
  const ttl = job.spec?.ttlSecondsAfterFinished;
  if (ttl === undefined || job.metadata.deletionTimestamp !== undefined) return { actions: releases };
  const ended = jobConditions(job).find(({ type }) => type === 'Complete' || type === 'Failed');
  const left = Date.parse(ended?.lastTransitionTime ?? '') + ttl * 1000 - now;
  if (left > 0) return { actions: releases, requeueAfter: left };
  const options = { propagationPolicy: 'Foreground' as const };
  return { actions: [...releases, { type: 'delete', resource: resources.jobs, key: keyOf(job), options }] };
}

function event(job: Job, severity: 'Normal' | 'Warning', reason: string, message: string): Action {
  return { type: 'event', about: job, severity, reason, message };
}
