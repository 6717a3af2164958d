import { type Job, type Pod, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { keyOf } from '../status.ts';
import { matchFailurePolicy } from './failure-policy.ts';
import { countIndexes, formatIndexes, hasIndex, withIndexes } from './indexes.ts';
import { indexOf, isFailed, isIndexed, isSucceeded, isTracked, limitsEachIndex, trackingFinalizer } from './pods.ts';
import type { JobState } from './state.ts';
import type { Verdict } from './verdict.ts';

/** So many pods stand in the status by their uid at most; the rest follow. */
const mostUncounted = 500;

interface Uncounted {
  succeeded: readonly string[];
  failed: readonly string[];
}

export interface Counts {
  succeeded: number;
  failed: number;
  completedIndexes?: string;
  failedIndexes?: string;
  uncountedTerminatedPods: { succeeded?: string[]; failed?: string[] };
}

export interface Tracking {
  /** What is noted before the finalizers go, and what holds when they are gone. */
  noted: Counts;
  counted: Counts;
  released: readonly Pod[];
  /** Every pod is accounted for. */
  isSettled: boolean;
}

/**
 * Counts every pod exactly once, whatever happens between two writes: a pod that has ended is first noted in the status by its uid (or its index
 * among those that are completed), then loses the finalizer that kept it from vanishing, and only then does its uid become a figure.
 * Source: KEP-2307.
 */
export function track(job: Job, state: JobState, verdict: Verdict | undefined): Tracking {
  const { status = {}, metadata } = job;
  const completions = isIndexed(job) ? (job.spec?.completions ?? 0) : undefined;
  const held = new Set(state.pods.filter(isTracked).map(uidOf));
  const before = {
    succeeded: status.uncountedTerminatedPods?.succeeded ?? [],
    failed: status.uncountedTerminatedPods?.failed ?? [],
  };
  const figures = { succeeded: status.succeeded ?? 0, failed: status.failed ?? 0 };
  const start = settle(figures, before, held);
  const uncounted = { succeeded: [...start.uncounted.succeeded], failed: [...start.uncounted.failed] };
  const newIndexes: number[] = [];
  const released: Pod[] = [];
  let isFull = false;
  const waitedFor = new Set(limitsEachIndex(job) ? state.held.values() : []);

  for (const pod of inOrder(state.pods, completions)) {
    if (!isTracked(pod)) continue;
    const failed = isFailed(pod, job);
    const ends = metadata.deletionTimestamp !== undefined || verdict !== undefined || isSucceeded(pod);
    if (!ends && (!failed || waitedFor.has(pod))) continue;
    released.push(pod);
    const uid = uidOf(pod);
    const index = indexOf(pod, completions);
    if (isSucceeded(pod) && !before.failed.includes(uid)) {
      if (completions === undefined) {
        if (!before.succeeded.includes(uid)) uncounted.succeeded.push(uid);
      } else if (index !== undefined && !hasIndex(state.indexes?.before ?? [], index)) newIndexes.push(index);
    } else if (failed || (verdict && verdict.type !== 'SuccessCriteriaMet')) {
      // When a job fails, every pod that has not ended fails with it.
      const isNew = !before.failed.includes(uid) && (completions === undefined || index !== undefined);
      if (isNew && matchFailurePolicy(job.spec?.podFailurePolicy, pod).counts) uncounted.failed.push(uid);
    }
    isFull = newIndexes.length + uncounted.succeeded.length + uncounted.failed.length >= mostUncounted;
    if (isFull) break;
  }

  const gone = new Set(released.map(uidOf));
  const end = settle(start.figures, uncounted, new Set([...held].filter((uid) => !gone.has(uid))));
  const succeeded = withIndexes(state.indexes?.succeeded ?? [], newIndexes);
  const counts = (from: { figures: typeof figures; uncounted: Uncounted }): Counts => ({
    succeeded: completions === undefined ? from.figures.succeeded : countIndexes(succeeded),
    failed: from.figures.failed,
    ...(succeeded.length > 0 ? { completedIndexes: formatIndexes(succeeded) } : {}),
    ...(state.indexes?.failed ? { failedIndexes: formatIndexes(state.indexes.failed) } : {}),
    uncountedTerminatedPods: {
      ...(from.uncounted.succeeded.length > 0 ? { succeeded: [...from.uncounted.succeeded] } : {}),
      ...(from.uncounted.failed.length > 0 ? { failed: [...from.uncounted.failed] } : {}),
    },
  });
  return {
    noted: counts({ figures: start.figures, uncounted }),
    counted: counts(end),
    released,
    isSettled: !isFull && end.uncounted.succeeded.length === 0 && end.uncounted.failed.length === 0,
  };
}

/** Those of the noted pods that no longer bear the finalizer become figures. */
function settle(figures: { succeeded: number; failed: number }, noted: Uncounted, held: ReadonlySet<string>) {
  const still = (uids: readonly string[]) => uids.filter((uid) => held.has(uid));
  const uncounted = { succeeded: still(noted.succeeded), failed: still(noted.failed) };
  return {
    uncounted,
    figures: {
      succeeded: figures.succeeded + noted.succeeded.length - uncounted.succeeded.length,
      failed: figures.failed + noted.failed.length - uncounted.failed.length,
    },
  };
}

function inOrder(pods: readonly Pod[], completions: number | undefined): readonly Pod[] {
  return completions === undefined ? pods : [...pods].sort((a, b) => (indexOf(a) ?? -1) - (indexOf(b) ?? -1));
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? '';
}

/** Takes the finalizer from the pod. */
export function release(pod: Pod): Action {
  const { uid, finalizers = [] } = pod.metadata;
  const left = finalizers.filter((each) => each !== trackingFinalizer);
  const body = { metadata: { uid, finalizers: left.length > 0 ? left : null } };
  return { type: 'patch', resource: resources.pods, key: keyOf(pod), patch: { type: 'merge', body } };
}
