import { type Job, type Pod, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { isTerminal } from '../pods/index.ts';
import { keyOf } from '../status.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';

export interface Account {
  succeeded: number;
  failed: number;
  /** Pods that have ended and are noted, but still bear the finalizer: counted by uid until it is gone. */
  uncounted: { succeeded?: string[]; failed?: string[] };
  /** Uids that the figures hold already. */
  counted: ReadonlySet<string>;
  newlySucceeded: readonly Pod[];
  /** Takes the finalizer from the pods that the status, which is written before, notes. */
  releases: Action[];
  /** No pod is between the two. */
  settled: boolean;
}

/**
 * Counts every pod exactly once, whatever happens between two writes: a pod that has ended is first noted in the status by its uid, then loses
 * the finalizer that kept it from vanishing, and when that is seen its uid becomes a figure. Source: KEP-2307.
 */
export function account(job: Job, pods: readonly Pod[]): Account {
  const { status = {} } = job;
  const noted = {
    succeeded: new Set(status.uncountedTerminatedPods?.succeeded ?? []),
    failed: new Set(status.uncountedTerminatedPods?.failed ?? []),
  };
  const held = new Set<string>();
  const newlySucceeded: Pod[] = [];
  const releases: Action[] = [];
  for (const pod of pods) {
    const { uid = '', finalizers = [], deletionTimestamp } = pod.metadata;
    if (!finalizers.includes(trackingFinalizer)) continue;
    const ended = isTerminal(pod);
    // A pod that never got a node has nobody who would report its end.
    const lost = deletionTimestamp !== undefined && !pod.spec?.nodeName;
    if (!ended && !lost) continue;
    held.add(uid);
    const outcome = pod.status?.phase === 'Succeeded' ? 'succeeded' : 'failed';
    if (!noted.succeeded.has(uid) && !noted.failed.has(uid)) {
      noted[outcome].add(uid);
      if (outcome === 'succeeded') newlySucceeded.push(pod);
    }
    const left = finalizers.filter((each) => each !== trackingFinalizer);
    const body = { metadata: { uid, finalizers: left.length > 0 ? left : null } };
    releases.push({ type: 'patch', resource: resources.pods, key: keyOf(pod), patch: { type: 'merge', body } });
  }
  const uncounted: { succeeded?: string[]; failed?: string[] } = {};
  const figures = { succeeded: status.succeeded ?? 0, failed: status.failed ?? 0 };
  for (const outcome of ['succeeded', 'failed'] as const) {
    const still = [...noted[outcome]].filter((uid) => held.has(uid));
    const before = new Set(status.uncountedTerminatedPods?.[outcome] ?? []);
    // In the figure as soon as it is noted; `uncounted` only keeps it from being counted again.
    figures[outcome] += [...noted[outcome]].filter((uid) => !before.has(uid)).length;
    if (still.length > 0) uncounted[outcome] = still;
  }
  return {
    ...figures,
    uncounted,
    counted: new Set([...noted.succeeded, ...noted.failed]),
    newlySucceeded,
    releases,
    settled: held.size === 0,
  };
}
