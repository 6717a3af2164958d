import type { Job, Pod } from '@berth/kube/objects';
import { isActive } from '../pods/index.ts';
import { type FailureRecord, recordEnds } from './backoff.ts';
import { matchFailurePolicy } from './failure-policy.ts';
import { countIndexes, hasIndex, type Indexes, parseIndexes, withIndexes } from './indexes.ts';
import {
  earlierFailures,
  endOf,
  indexOf,
  isFailed,
  isIndexed,
  isSucceeded,
  isTracked,
  limitsEachIndex,
} from './pods.ts';

/** What a job's pods amount to, those included that have ended since its status was written. */
export interface JobState {
  pods: readonly Pod[];
  active: readonly Pod[];
  succeeded: number;
  failed: number;
  /** Of an indexed job: what the status says, what holds now, and those that failed for good where indexes have a limit. */
  indexes?: { before: Indexes; succeeded: Indexes; failed?: Indexes };
  /** For each index that waits for a pod the failed one that it follows; that one stays until then, since it tells how often. */
  held: ReadonlyMap<number, Pod>;
  failures: FailureRecord;
}

export function stateOf(job: Job, pods: readonly Pod[], record: FailureRecord): JobState {
  const { spec, status = {} } = job;
  const completions = isIndexed(job) ? (spec?.completions ?? 0) : undefined;
  const active = pods.filter(isActive);
  const noted = status.uncountedTerminatedPods ?? {};
  const isNew = (pod: Pod, counted: readonly string[] = []) =>
    isTracked(pod) &&
    !counted.includes(pod.metadata.uid ?? '') &&
    (completions === undefined || indexOf(pod, completions) !== undefined);
  const newlySucceeded = pods.filter((pod) => isNew(pod, noted.succeeded) && isSucceeded(pod));
  const newlyFailed = pods.filter((pod) => isNew(pod, noted.failed) && isFailed(pod, job));
  const counting = newlyFailed.filter((pod) => matchFailurePolicy(spec?.podFailurePolicy, pod).counts);
  const state = {
    pods,
    active,
    succeeded: (status.succeeded ?? 0) + newlySucceeded.length + (noted.succeeded?.length ?? 0),
    failed: (status.failed ?? 0) + counting.length + (noted.failed?.length ?? 0),
    held: new Map<number, Pod>(),
    failures: recordEnds(record, newlySucceeded, newlyFailed),
  };
  if (completions === undefined) return state;
  const before = parseIndexes(status.completedIndexes, completions);
  const tracked = pods.filter((pod) => isTracked(pod) && indexOf(pod, completions) !== undefined);
  const succeeded = withIndexes(before, indexesOf(tracked.filter(isSucceeded)));
  const perIndex = { before, succeeded };
  if (!limitsEachIndex(job)) return { ...state, succeeded: countIndexes(succeeded), indexes: perIndex };
  const failedFor = tracked.filter((pod) => failsIndex(pod, job));
  const failed = withIndexes(parseIndexes(status.failedIndexes, completions), indexesOf(failedFor));
  const settled = withIndexes(withIndexes(succeeded, []), indexesOf(active));
  const held = heldPods(
    tracked.filter((pod) => isFailed(pod, job)),
    (index) => hasIndex(settled, index) || hasIndex(failed, index),
  );
  return { ...state, succeeded: countIndexes(succeeded), indexes: { ...perIndex, failed }, held };
}

export function indexesOf(pods: readonly Pod[]): number[] {
  return pods.flatMap((pod) => indexOf(pod) ?? []);
}

function failsIndex(pod: Pod, job: Job): boolean {
  if (!isFailed(pod, job)) return false;
  const { action, counts } = matchFailurePolicy(job.spec?.podFailurePolicy, pod);
  if (action === 'FailIndex') return true;
  return counts && earlierFailures(pod).counted >= (job.spec?.backoffLimitPerIndex ?? 0);
}

function heldPods(failed: readonly Pod[], isSettled: (index: number) => boolean): Map<number, Pod> {
  const held = new Map<number, Pod>();
  for (const pod of failed) {
    const index = indexOf(pod) ?? -1;
    if (isSettled(index)) continue;
    const other = held.get(index);
    if (!other || (failuresBefore(other) <= failuresBefore(pod) && endOf(pod) >= endOf(other))) held.set(index, pod);
  }
  return held;
}

function failuresBefore(pod: Pod): number {
  const { counted, ignored } = earlierFailures(pod);
  return counted + ignored;
}
