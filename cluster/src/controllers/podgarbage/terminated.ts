import { type Namespace, type Pod, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { removePod } from './remove.ts';

/** How often is looked. */
const period = 20_000;
/** So many pods that ended stay: kube-controller-manager's `--terminated-pod-gc-threshold`. */
const terminatedPodThreshold = 12_500;

/**
 * Keeps pods that ended from piling up: beyond the threshold those that were evicted go first, then the oldest. It looks at all of them
 * from time to time, whatever changes, so that its cost does not grow with what happens; the namespace of the system stands for the cluster.
 */
export function terminatedPodController(threshold: number = terminatedPodThreshold): Reconciler<Namespace> {
  return {
    name: 'terminated-pod-collector',
    resource: resources.namespaces,
    watches: [{ resource: resources.pods }],
    reconcile({ metadata }, view): Outcome {
      if (metadata.name !== 'kube-system') return { actions: [] };
      return { actions: surplus(view, threshold).flatMap((pod) => removePod(pod)), requeueAfter: period };
    },
  };
}

function surplus(view: View, threshold: number): Pod[] {
  if (threshold <= 0) return [];
  const terminated = view.list(resources.pods).filter(hasEnded);
  const count = terminated.length - threshold;
  return count <= 0 ? [] : terminated.sort(evictedAndOldestFirst).slice(0, count);
}

function hasEnded({ status }: Pod): boolean {
  return !['Pending', 'Running', 'Unknown'].includes(status?.phase ?? '');
}

function evictedAndOldestFirst(a: Pod, b: Pod): number {
  const evicted = Number(isEvicted(b)) - Number(isEvicted(a));
  if (evicted !== 0) return evicted;
  const older = Date.parse(a.metadata.creationTimestamp ?? '') - Date.parse(b.metadata.creationTimestamp ?? '');
  return older || (a.metadata.name < b.metadata.name ? -1 : 1);
}

function isEvicted({ status }: Pod): boolean {
  return status?.phase === 'Failed' && status.reason === 'Evicted';
}
