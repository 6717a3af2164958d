import { minus, plus } from '@berth/kube/pods';
import { uidOf } from './snapshot.ts';
import type { NodeInfo, PodInfo } from './types.ts';

/** A node as it would be with other pods on it: what is tried out here changes nothing of the node. */
export interface TrialNode extends NodeInfo {
  add(pod: PodInfo): void;
  remove(pod: PodInfo): void;
}

export function trialOf(node: NodeInfo): TrialNode {
  const pods = new Map(node.pods);
  const trial = {
    ...node,
    pods,
    add(pod: PodInfo) {
      pods.set(uidOf(pod), pod);
      trial.requested = plus(trial.requested, pod.requests);
    },
    remove(pod: PodInfo) {
      if (pods.delete(uidOf(pod))) trial.requested = minus(trial.requested, pod.requests);
    },
  };
  return trial;
}
