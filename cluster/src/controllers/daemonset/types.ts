import type { DaemonSet, Node, Pod } from '@berth/kube/objects';

/** A set and its pods, as they are. */
export interface Daemons {
  set: DaemonSet;
  now: number;
  nodes: readonly Node[];
  byNode: ReadonlyMap<string, readonly Pod[]>;
  /** Of the present template. */
  hash: string;
  isUpdated(pod: Pod): boolean;
}

/** What is to be done: nodes that are to get a pod, and pods that are to go. */
export interface Step {
  start: Node[];
  remove: Pod[];
}
