import type { Job, Pod } from '@berth/kube/objects';
import { byActivity } from '../pods/index.ts';
import { backoffLeft, backoffLeftAfter } from './backoff.ts';
import type { Wanted } from './creation.ts';
import { freeIndexes, mergeIndexes, withIndexes } from './indexes.ts';
import { indexOf, isIndexed, isTerminating, limitsEachIndex, replacesOnlyFailed } from './pods.ts';
import { indexesOf, type JobState } from './state.ts';

/** So many pods are made or deleted in one go at most. */
const burst = 500;

export interface Plan {
  /** Pods that are too many: they count neither as succeeded nor as failed. */
  surplus: readonly Pod[];
  wanted: readonly Wanted[];
  /** Milliseconds until pods that are missing may be made. */
  wait?: number;
}

/** Which pods a job that goes on has too many or too few; never both at once, and what is too many goes first. */
export function planPods(job: Job, state: JobState, now: number): Plan {
  const { active } = state;
  if (job.spec?.suspend) return { surplus: surplusOf(job, active, active.length), wanted: [] };
  const enough = activeWanted(job, state);
  const surplus = surplusOf(job, active, Math.max(0, active.length - enough)).slice(0, burst);
  if (surplus.length > 0) return { surplus, wanted: [] };
  const leaving = replacesOnlyFailed(job) ? state.pods.filter(isTerminating).length : 0;
  const missing = Math.min(enough - leaving - active.length, burst);
  if (missing <= 0) return { surplus: [], wanted: [] };
  return {
    surplus: [],
    ...(limitsEachIndex(job) ? eachIndexInTime(job, state, missing, now) : inTime(job, state, missing, now)),
  };
}

function activeWanted({ spec }: Job, { succeeded, active }: JobState): number {
  const { completions, parallelism = 1 } = spec ?? {};
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(parallelism, completions - succeeded));
}

function inTime(job: Job, state: JobState, missing: number, now: number): Pick<Plan, 'wanted' | 'wait'> {
  const wait = backoffLeft(state.failures, now);
  if (wait > 0) return { wanted: [], wait };
  if (!isIndexed(job)) return { wanted: Array.from({ length: missing }, () => ({})) };
  return { wanted: pendingIndexes(job, state, missing).map((index) => ({ index })) };
}

function eachIndexInTime(job: Job, state: JobState, missing: number, now: number): Pick<Plan, 'wanted' | 'wait'> {
  const pending = pendingIndexes(job, state, missing).map((index) => {
    const replaced = state.held.get(index);
    return { index, replaced, wait: backoffLeftAfter(replaced, now) };
  });
  const ready = pending.filter(({ wait }) => wait === 0);
  if (ready.length > 0 || pending.length === 0) return { wanted: ready };
  return { wanted: [], wait: Math.min(...pending.map(({ wait }) => wait)) };
}

function pendingIndexes(job: Job, { active, pods, indexes }: JobState, missing: number): number[] {
  const leaving = replacesOnlyFailed(job) ? indexesOf(pods.filter(isTerminating)) : [];
  const taken = withIndexes(indexes?.succeeded ?? [], [...indexesOf(active), ...leaving]);
  return freeIndexes(mergeIndexes(taken, indexes?.failed ?? []), missing, job.spec?.completions ?? 0);
}

/** At least so many pods, the least useful first; of an indexed job all whose index is unknown, too high or taken by a better one. */
function surplusOf(job: Job, active: readonly Pod[], atLeast: number): Pod[] {
  if (!isIndexed(job)) return [...active].sort(byActivity).slice(0, atLeast);
  const byIndex = Map.groupBy(active, (pod) => indexOf(pod, job.spec?.completions));
  const surplus: Pod[] = [];
  const left: Pod[] = [];
  for (const [index, pods] of byIndex) {
    const ranked = [...pods].sort(byActivity);
    surplus.push(...(index === undefined ? ranked : ranked.slice(0, -1)));
    if (index !== undefined) left.push(...ranked.slice(-1));
  }
  return [...surplus, ...left.sort(byActivity).slice(0, Math.max(0, atLeast - surplus.length))];
}
