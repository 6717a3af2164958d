import type { Pod, StatefulSet } from '@berth/kube/objects';
import type { View } from '@berth/kube/reconcile';
import type { ControllerRevision } from '../revisions.ts';

export interface Situation {
  set: StatefulSet;
  pods: readonly Pod[];
  view: View;
  now: number;
  /** What the pods ran before the present rollout. */
  current: ControllerRevision;
  update: ControllerRevision;
}
