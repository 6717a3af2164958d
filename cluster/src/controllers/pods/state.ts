import type { Pod } from '@berth/kube/objects';
import { findCondition } from '../conditions.ts';

export function readyCondition(pod: Pod) {
  return findCondition(pod.status?.conditions, 'Ready');
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True';
}

/** It has ended and will not run again. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Counts for its owner: neither ended nor being deleted. */
export function isActive(pod: Pod): boolean {
  return !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** Being deleted, and still running as far as anybody knows. */
export function isTerminating(pod: Pod): boolean {
  return !isTerminal(pod) && pod.metadata.deletionTimestamp !== undefined;
}

/** Ready for at least `minReadySeconds` without a break. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  return isReady(pod) && (availableIn(pod, minReadySeconds, now) ?? 0) <= 0;
}

/** Milliseconds until a ready pod counts as available (0 or less: it does); undefined for one that is not ready. */
export function availableIn(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  const ready = readyCondition(pod);
  if (ready?.status !== 'True') return undefined;
  if (minReadySeconds === 0 || !ready.lastTransitionTime) return 0;
  return Date.parse(ready.lastTransitionTime) + minReadySeconds * 1000 - now;
}
