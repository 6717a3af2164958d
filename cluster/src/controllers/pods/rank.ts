import type { Pod } from '@berth/kube/objects';
import { isReady, readyCondition } from './state.ts';

export interface DeletionCandidate {
  pod: Pod;
  /** How many active pods of the same application run on its node: the more, the sooner it goes. */
  crowd: number;
}

const phases = ['Pending', 'Unknown', 'Running'];

/**
 * Sorts those that are to go first to the front, as Kubernetes' `ActivePodsWithRanks`: unassigned, pending, not ready, the lower
 * deletion cost, the more crowded node, the shorter ready, the more restarts, the newer.
 */
export function byDeletionRank(a: DeletionCandidate, b: DeletionCandidate): number {
  for (const criterion of criteria) {
    const difference = criterion(a) - criterion(b);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
  }
  return a.pod.metadata.name < b.pod.metadata.name ? -1 : 1;
}

const criteria: readonly ((candidate: DeletionCandidate) => number)[] = [
  ({ pod }) => (pod.spec?.nodeName ? 1 : 0),
  ({ pod }) => phases.indexOf(pod.status?.phase ?? 'Pending'),
  ({ pod }) => (isReady(pod) ? 1 : 0),
  ({ pod }) =>
    Number.parseInt(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? '0', 10) || 0,
  ({ crowd }) => -crowd,
  ({ pod }) => (isReady(pod) ? -Date.parse(readyCondition(pod)?.lastTransitionTime ?? '') : 0),
  ({ pod }) => -Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount)),
  ({ pod }) => -Date.parse(pod.metadata.creationTimestamp ?? ''),
];
