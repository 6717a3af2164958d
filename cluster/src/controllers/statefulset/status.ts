import { type Pod, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { isAvailable, isReady } from '../pods/index.ts';
import { podRevisionLabel } from '../revisions.ts';
import { count, statusActions } from '../status.ts';
import type { Situation } from './types.ts';

/**
 * The status. A rollout is over when every pod runs the new revision and is ready: then it is the current one. `rolling`: pods of the former
 * revision that were told to go just now.
 */
export function statusOf({ set, pods, current, update, now }: Situation, rolling: number): Action[] {
  const replicas = set.spec?.replicas ?? 1;
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod));
  const available = ready.filter((pod) => isAvailable(pod, set.spec?.minReadySeconds ?? 0, now));
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const at = (revision: string) => staying.filter((pod) => revisionOf(pod) === revision).length;
  const updated = at(update.metadata.name);
  const isOver =
    set.spec?.updateStrategy?.type !== 'OnDelete' &&
    [updated, ready.length, pods.length].every((each) => each === replicas);
  return statusActions(resources.statefulSets, set, {
    observedGeneration: set.metadata.generation ?? 1,
    replicas: pods.length,
    ...count('readyReplicas', ready.length),
    availableReplicas: available.length,
    ...count('currentReplicas', isOver ? updated : at(current.metadata.name) - rolling),
    ...count('updatedReplicas', updated),
    currentRevision: (isOver ? update : current).metadata.name,
    updateRevision: update.metadata.name,
    collisionCount: set.status?.collisionCount ?? 0,
  });
}

function revisionOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[podRevisionLabel];
}
