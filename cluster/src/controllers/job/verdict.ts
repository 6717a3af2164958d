import type { Job, Pod } from '@berth/kube/objects';
import { findCondition, rfc3339, type StatusCondition } from '../conditions.ts';
import { matchFailurePolicy } from './failure-policy.ts';
import { countIndexes } from './indexes.ts';
import { isFailed } from './pods.ts';
import type { JobState } from './state.ts';
import { matchSuccessPolicy } from './success-policy.ts';

export type JobCondition = StatusCondition & { lastProbeTime?: string };

/** What a job comes to: `SuccessCriteriaMet` and `FailureTarget` when it is decided, `Failed` when it was decided before. */
export interface Verdict {
  type: 'SuccessCriteriaMet' | 'FailureTarget' | 'Failed';
  reason: string;
  message: string;
}

export function isFinished({ status }: Job): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
}

/** Not one that somebody else's controller keeps. */
export function isOurs({ spec }: Job): boolean {
  return spec?.managedBy === undefined || spec.managedBy === 'kubernetes.io/job-controller';
}

/** Whether the job is to end although there may be work left: it failed, or enough of it succeeded. What was decided once stands. */
export function verdictOf(job: Job, state: JobState, startTime: string | undefined, now: number): Verdict | undefined {
  const decided = (type: string) =>
    job.status?.conditions?.find((each) => each.type === type && each.status === 'True');
  const met = decided('SuccessCriteriaMet');
  if (met) return { type: 'SuccessCriteriaMet', reason: met.reason ?? '', message: met.message ?? '' };
  const target = decided('FailureTarget');
  if (target) return { type: 'Failed', reason: target.reason ?? '', message: target.message ?? '' };
  return failureOf(job, state, startTime, now) ?? indexedVerdict(job, state);
}

function failureOf(job: Job, { pods, failed }: JobState, startTime: string | undefined, now: number) {
  const { podFailurePolicy, backoffLimit = 6, activeDeadlineSeconds, suspend } = job.spec ?? {};
  if (podFailurePolicy) {
    for (const pod of pods.filter((each) => isFailed(each, job))) {
      const { message } = matchFailurePolicy(podFailurePolicy, pod);
      if (message !== undefined) return failure('PodFailurePolicy', message);
    }
  }
  if (failed > backoffLimit || restartedTooOften(job, pods)) {
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  const isOver = activeDeadlineSeconds !== undefined && startTime !== undefined && !suspend;
  if (isOver && Date.parse(startTime) + activeDeadlineSeconds * 1000 <= now) {
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
  }
  return undefined;
}

/** With `restartPolicy: OnFailure` the containers fail within their pods. */
function restartedTooOften({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0);
  const { backoffLimit = 6 } = spec;
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

function indexedVerdict(job: Job, { indexes }: JobState): Verdict | undefined {
  const { maxFailedIndexes, completions = 0 } = job.spec ?? {};
  if (!indexes) return undefined;
  const failed = countIndexes(indexes.failed ?? []);
  if (indexes.failed && maxFailedIndexes !== undefined && failed > maxFailedIndexes) {
    return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  }
  if (failed > 0 && failed + countIndexes(indexes.succeeded) >= completions) {
    return failure('FailedIndexes', 'Job has failed indexes');
  }
  const message = matchSuccessPolicy(job, indexes.succeeded);
  return message === undefined ? undefined : { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message };
}

function failure(reason: string, message: string): Verdict {
  return { type: 'FailureTarget', reason, message };
}

/** Whether nothing is left to do. Without `completions` the first success is the sign to the others that the work is done. */
export function isComplete({ spec }: Job, succeeded: number, active: number): boolean {
  return active === 0 && (spec?.completions === undefined ? succeeded > 0 : succeeded >= spec.completions);
}

/** The conditions with one set, in its place; the same list when it says so already, or was never true and shall be false. */
export function ensureCondition(
  conditions: readonly JobCondition[],
  type: string,
  status: 'True' | 'False',
  reason: string,
  message: string,
  now: number,
): readonly JobCondition[] {
  const present = findCondition(conditions, type);
  if (
    present ? present.status === status && present.reason === reason && present.message === message : status === 'False'
  ) {
    return conditions;
  }
  const time = rfc3339(now);
  const set = { type, status, lastProbeTime: time, lastTransitionTime: time, reason, message };
  return present ? conditions.map((each) => (each === present ? set : each)) : [...conditions, set];
}
