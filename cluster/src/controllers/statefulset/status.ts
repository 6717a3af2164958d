import { type Pod, resources, type StatefulSet } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { isActive, isAvailable, isReady, isTerminal } from '../pods/index.ts';
import { type ControllerRevision, podRevisionLabel } from '../revisions.ts';
import { count, statusActions } from '../status.ts';

/** The status. A rollout is over when every pod runs the new revision and is ready: then it is the current one. */
export function statusOf(
  set: StatefulSet,
  pods: readonly Pod[],
  { current, update }: { current: ControllerRevision; update: ControllerRevision },
  now: number,
): Action[] {
  const replicas = set.spec?.replicas ?? 1;
  const present = pods.filter((pod) => !isTerminal(pod));
  const active = present.filter(isActive);
  const at = (revision: ControllerRevision) =>
    active.filter((pod) => pod.metadata.labels?.[podRevisionLabel] === revision.metadata.name).length;
  const ready = present.filter(isReady).length;
  const updated = at(update);
  const over = updated === replicas && active.filter(isReady).length === replicas && present.length === replicas;
  const settled = over ? update : current;
  return statusActions(resources.statefulSets, set, {
    observedGeneration: set.metadata.generation ?? 1,
    replicas: present.length,
    ...count('readyReplicas', ready),
    availableReplicas: active.filter((pod) => isAvailable(pod, set.spec?.minReadySeconds ?? 0, now)).length,
    ...count('currentReplicas', at(settled)),
    ...count('updatedReplicas', updated),
    currentRevision: settled.metadata.name,
    updateRevision: update.metadata.name,
    collisionCount: set.status?.collisionCount ?? 0,
  });
}
