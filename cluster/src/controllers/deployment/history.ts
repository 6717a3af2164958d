import { resources } from '@berth/kube/objects';
import { keyOf } from '../status.ts';
import { revisionOf } from './annotations.ts';
import { wanted } from './numbers.ts';
import type { Plan } from './plan.ts';

/** Deletes the oldest revisions beyond `revisionHistoryLimit`, but none that still has pods. */
export function cleanUpHistory(plan: Plan): void {
  const limit = plan.deployment.spec?.revisionHistoryLimit;
  if (limit === undefined || limit === 2 ** 31 - 1) return;
  const kept = plan.oldSets.filter((set) => set.metadata.deletionTimestamp === undefined);
  const surplus = kept.sort((a, b) => Number(revisionOf(a) - revisionOf(b))).slice(0, Math.max(0, kept.length - limit));
  for (const set of surplus) {
    const { generation = 0, uid } = set.metadata;
    const unseen = generation > (set.status?.observedGeneration ?? 0);
    if (wanted(set) !== 0 || (set.status?.replicas ?? 0) !== 0 || unseen) continue;
    const options = uid === undefined ? {} : { options: { preconditions: { uid } } };
    plan.actions.push({ type: 'delete', resource: resources.replicaSets, key: keyOf(set), ...options });
  }
}
