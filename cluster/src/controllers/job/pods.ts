import type { Job, Pod } from '@berth/kube/objects';
import { isReady, isTerminal, readyCondition } from '../pods/index.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexKey = 'batch.kubernetes.io/job-completion-index';
const failureCountKey = 'batch.kubernetes.io/job-index-failure-count';
const ignoredFailureCountKey = 'batch.kubernetes.io/job-index-ignored-failure-count';
const largestCount = 2 ** 31 - 1;

export function isIndexed({ spec }: Job): boolean {
  return spec?.completionMode === 'Indexed';
}

/** Each index has a limit of failures of its own. */
export function limitsEachIndex({ spec }: Job): boolean {
  return spec?.backoffLimitPerIndex !== undefined;
}

/** A pod is replaced once it has failed, not as soon as it is being deleted; always so with a pod failure policy. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy !== undefined;
}

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) ?? false;
}

/** A pod on its way out counts as failed too, since it may never get to say so; unless only pods that did are replaced. */
export function isFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (replacesOnlyFailed(job)) return false;
  return pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded';
}

export function isSucceeded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded';
}

/** The completion index; undefined when the pod has none, or one beyond `completions`. */
export function indexOf({ metadata }: Pod, completions = Number.POSITIVE_INFINITY): number | undefined {
  const text = metadata.annotations?.[indexKey];
  const index = text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  return index !== undefined && index < completions ? index : undefined;
}

/** How often the pods of an index had failed when this one was made: those that count, and those that a policy ignores. */
export function earlierFailures({ metadata }: Pod): { counted: number; ignored: number } {
  const number = (key: string) => {
    const text = metadata.annotations?.[key] ?? '';
    return /^\d+$/.test(text) && Number(text) <= largestCount ? Number(text) : 0;
  };
  return { counted: number(failureCountKey), ignored: number(ignoredFailureCountKey) };
}

export function failureAnnotations({ counted, ignored }: { counted: number; ignored: number }): Record<string, string> {
  return {
    [failureCountKey]: String(counted),
    ...(ignored > 0 ? { [ignoredFailureCountKey]: String(ignored) } : {}),
  };
}

/**
 * When the pod ended, in milliseconds since the epoch: the end of its last container; or when it ceased to be ready, or was deleted; or, with
 * nothing else known, when it was made.
 */
export function endOf(pod: Pod): number {
  const { metadata, spec, status } = pod;
  const sidecars = new Set(
    spec?.initContainers?.flatMap(({ name, restartPolicy }) => (restartPolicy === 'Always' ? [name] : [])),
  );
  let end: number | undefined = latestEnd(status?.containerStatuses ?? []);
  // What Kubernetes does: a sidecar that still runs makes the end unknown, but ends without one stand.
  const ofSidecars = (status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  if (ofSidecars.length > 0) {
    const last = latestEnd(ofSidecars);
    end = last === undefined ? undefined : Math.max(end ?? last, last);
  }
  if (end !== undefined) return end;
  const ready = readyCondition(pod);
  if (ready?.status === 'False' && ready.lastTransitionTime) return Date.parse(ready.lastTransitionTime);
  if (metadata.deletionTimestamp !== undefined) {
    return Date.parse(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  }
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}

type ContainerStates = NonNullable<NonNullable<Pod['status']>['containerStatuses']>;

function latestEnd(containers: ContainerStates): number | undefined {
  const ends = containers.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''));
  return ends.length === 0 || ends.some(Number.isNaN) ? undefined : Math.max(...ends);
}

export function countReady(pods: readonly Pod[]): number {
  return pods.filter(isReady).length;
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !isTerminal(pod);
}
