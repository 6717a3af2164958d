import type { Job, Pod } from '@berth/kube/objects';
import { rfc3339 } from '../conditions.ts';
import { count } from '../status.ts';
import type { FailureRecord } from './backoff.ts';
import type { Wanted } from './creation.ts';
import { type Plan, planPods } from './manage.ts';
import { countReady, isTerminating } from './pods.ts';
import { stateOf } from './state.ts';
import { type Counts, type Tracking, track } from './tracking.ts';
import { ensureCondition, isComplete, type JobCondition, type Verdict, verdictOf } from './verdict.ts';

export interface JobEvent {
  severity: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

/** What is to be done about a job, in the order in which it is done. */
export interface Decision {
  /** Pods that are ended since the job is. */
  ended: readonly Pod[];
  /** Pods that lose their finalizer and are deleted without being counted. */
  surplus: readonly Pod[];
  wanted: readonly Wanted[];
  events: readonly JobEvent[];
  /** The status before finalizers are taken from pods. `active` as it is when nothing of what is wanted could be made. */
  noted(active?: number): NonNullable<Job['status']>;
  released: readonly Pod[];
  counted(active?: number): NonNullable<Job['status']>;
  finalEvents: readonly JobEvent[];
  failures: FailureRecord;
  /** Pods that are active when none of the wanted ones could be made. */
  activeBefore: number;
  wakeUp?: number;
}

/**
 * One round: what the pods amount to, whether that decides the job, which pods are missing or too many, what of it the status says. `record` is
 * what is known of failures before.
 */
export function decide(job: Job, pods: readonly Pod[], record: FailureRecord, now: number): Decision {
  const { spec, status = {}, metadata } = job;
  const state = stateOf(job, pods, record);
  let startTime = status.startTime ?? (spec?.suspend ? undefined : rfc3339(now));
  let conditions: readonly JobCondition[] = status.conditions ?? [];
  const events: JobEvent[] = [];
  let verdict = verdictOf(job, state, startTime, now);
  const plan: Plan = verdict || metadata.deletionTimestamp !== undefined ? nothing : planPods(job, state, now);
  const ended = verdict ? state.active : [];
  const gone = [...ended, ...plan.surplus];
  // While missing pods wait for their back-off Kubernetes shows none as active.
  const active = plan.wait === undefined ? state.active.length - gone.length + plan.wanted.length : 0;
  const deadline = verdict ? undefined : deadlineOf(job, startTime, now);
  if (!verdict && isComplete(job, state.succeeded, active)) verdict = completed;
  else if (!verdict && metadata.deletionTimestamp === undefined) {
    const set = spec?.suspend ? suspended : resumed;
    const next = ensureCondition(conditions, 'Suspended', set.status, set.reason, set.message, now);
    if (next !== conditions) {
      conditions = next;
      events.push({ severity: 'Normal', reason: set.event, message: set.message });
      // The deadline counts anew: it is about the time in which pods could run.
      if (!spec?.suspend) startTime = rfc3339(now);
    }
  }

  const tracking = track(job, state, verdict);
  const terminating = pods.filter(isTerminating).length + gone.length;
  const interim = verdict ? interimConditions(conditions, verdict, now) : conditions;
  const isOver = verdict !== undefined && tracking.isSettled && terminating === 0;
  const end = isOver && verdict ? finish(interim, verdict, now) : undefined;
  const statusWith =
    ({ succeeded, failed, ...marks }: Counts, shown: readonly JobCondition[], completionTime?: string) =>
    (only?: number) => ({
      ...(startTime === undefined ? {} : { startTime }),
      ...(completionTime === undefined ? {} : { completionTime }),
      ...count('active', only ?? active),
      ready: countReady(state.active) - countReady(gone),
      terminating,
      ...marks,
      ...count('succeeded', succeeded),
      ...count('failed', failed),
      ...(shown.length > 0 ? { conditions: [...shown] } : {}),
    });
  const waits = [plan.wait, deadline].filter((each) => each !== undefined);
  return {
    ended,
    surplus: plan.surplus,
    wanted: plan.wanted,
    events,
    noted: statusWith(tracking.noted, interim),
    released: tracking.released,
    counted: statusWith(tracking.counted, end?.conditions ?? interim, end?.completionTime),
    finalEvents: end ? finalEvents(job, tracking, end) : [],
    failures: state.failures,
    activeBefore: active - plan.wanted.length,
    ...(waits.length > 0 ? { wakeUp: Math.min(...waits) } : {}),
  };
}

const nothing: Plan = { surplus: [], wanted: [] };
const completed: Verdict = {
  type: 'SuccessCriteriaMet',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};
const suspended = { status: 'True', reason: 'JobSuspended', message: 'Job suspended', event: 'Suspended' } as const;
const resumed = { status: 'False', reason: 'JobResumed', message: 'Job resumed', event: 'Resumed' } as const;

/** Milliseconds until the job's time is over. */
function deadlineOf({ spec }: Job, startTime: string | undefined, now: number): number | undefined {
  const { activeDeadlineSeconds, suspend } = spec ?? {};
  if (activeDeadlineSeconds === undefined || startTime === undefined || suspend) return undefined;
  return Date.parse(startTime) + activeDeadlineSeconds * 1000 - now;
}

/** What was decided shows before any pod loses its finalizer. */
function interimConditions(conditions: readonly JobCondition[], verdict: Verdict, now: number) {
  const { type, reason, message } = verdict;
  return type === 'Failed' ? conditions : ensureCondition(conditions, type, 'True', reason, message, now);
}

interface End {
  conditions: readonly JobCondition[];
  completionTime?: string;
  failure?: Verdict;
}

function finish(conditions: readonly JobCondition[], verdict: Verdict, now: number): End {
  const { reason, message } = verdict;
  if (verdict.type === 'SuccessCriteriaMet') {
    const complete = ensureCondition(conditions, 'Complete', 'True', reason, message, now);
    return { conditions: complete, completionTime: rfc3339(now) };
  }
  return { conditions: ensureCondition(conditions, 'Failed', 'True', reason, message, now), failure: verdict };
}

function finalEvents({ spec }: Job, { counted }: Tracking, { failure }: End): JobEvent[] {
  if (failure) return [{ severity: 'Warning', reason: failure.reason, message: failure.message }];
  const done: JobEvent = { severity: 'Normal', reason: 'Completed', message: 'Job completed' };
  if (spec?.completions === undefined || counted.succeeded <= spec.completions) return [done];
  const message = 'Too many succeeded pods running after completion count reached';
  return [{ severity: 'Warning', reason: 'TooManySucceededPods', message }, done];
}
