import type { Job } from '@berth/kube/objects';
import { rfc3339, type StatusCondition, withCondition } from '../conditions.ts';

export interface Failure {
  reason: string;
  message: string;
}

const none: readonly StatusCondition[] = [];

export function jobConditions(job: Job): readonly StatusCondition[] {
  return job.status?.conditions ?? none;
}

/** Why the job has failed for good, if it has. */
export function reasonToFail(
  job: Job,
  failed: number,
  startTime: string | undefined,
  now: number,
): Failure | undefined {
  const { backoffLimit = 6, activeDeadlineSeconds } = job.spec ?? {};
  if (failed > backoffLimit) {
    return { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  }
  const over = activeDeadlineSeconds !== undefined && startTime !== undefined && !job.spec?.suspend;
  if (over && Date.parse(startTime) + activeDeadlineSeconds * 1000 <= now) {
    return { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  }
  return undefined;
}

export function condition(
  conditions: readonly StatusCondition[],
  type: string,
  status: string,
  reason: string,
  message: string,
  now: number,
): StatusCondition[] {
  const time = rfc3339(now);
  const set: StatusCondition & { lastProbeTime: string } = {
    type,
    status,
    lastProbeTime: time,
    lastTransitionTime: time,
    reason,
    message,
  };
  return withCondition<StatusCondition>(conditions, set);
}

/** First what will be, then what is: the two conditions that a job ends with. */
export function finish(
  conditions: readonly StatusCondition[],
  failure: Failure | undefined,
  now: number,
): StatusCondition[] {
  if (failure) {
    const target = condition(conditions, 'FailureTarget', 'True', failure.reason, failure.message, now);
    return condition(target, 'Failed', 'True', failure.reason, failure.message, now);
  }
  const [reason, message] = ['CompletionsReached', 'Reached expected number of succeeded pods'];
  const met = condition(conditions, 'SuccessCriteriaMet', 'True', reason, message, now);
  return condition(met, 'Complete', 'True', reason, message, now);
}
