import { type Node, type Pod, resources } from '@berth/kube/objects';
import { byNode } from '@berth/kube/pods';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { findCondition } from '../conditions.ts';
import { type Stopwatch, stopwatch } from '../nodes/index.ts';
import { disruptionTarget, isTerminal } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import { removePod } from './remove.ts';

/** How long a node has to be missing before its pods go: it may only not have been heard of yet. */
const quarantine = 40_000;

/**
 * Removes pods that no node will ever end: those whose node is gone, those that were never given one and are being deleted, and those that
 * are being deleted on a node of which somebody said that it is out of service. Source: "Garbage collection of Pods" and "Non-graceful node
 * shutdown handling" of the Kubernetes documentation.
 */
export function podGarbageController(missing: Stopwatch = stopwatch()): Reconciler<Pod> {
  return {
    name: 'pod-garbage-collector',
    resource: resources.pods,
    watches: [{ resource: resources.nodes, concerns: (node, view) => podsToLookAt(node as Node, view) }],
    reconcile(pod, view, now): Outcome {
      const { nodeName = '' } = pod.spec ?? {};
      const { deletionTimestamp } = pod.metadata;
      if (nodeName === '') return { actions: deletionTimestamp === undefined ? [] : remove(pod) };
      const node = view.get(resources.nodes, { name: nodeName });
      if (node) {
        missing.forget(nodeName);
        return { actions: deletionTimestamp !== undefined && isOutOfService(node) ? remove(pod) : [] };
      }
      missing.keep(() => view.list(resources.pods).map(({ spec }) => spec?.nodeName ?? ''));
      const left = quarantine - missing.elapsed(nodeName, '');
      if (left > 0) return { actions: [], requeueAfter: Math.ceil(left) };
      const why = { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' };
      const actions = remove(pod, disruptionTarget(pod, now, why));
      if (actions.length === 0) return { actions };
      return { actions: [{ type: 'absent', resource: resources.nodes, key: { name: nodeName } }, ...actions] };
    },
  };
}

/** What only finalizers still hold was removed already. */
function remove(pod: Pod, condition?: object): Action[] {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  const isRemoved = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && isTerminal(pod);
  return isRemoved ? [] : removePod(pod, condition);
}

function isOutOfService({ spec, status }: Node): boolean {
  if (findCondition(status?.conditions, 'Ready')?.status === 'True') return false;
  return spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') ?? false;
}

/** Only a node that is gone, or out of service, is worth looking through all pods for. */
function podsToLookAt(node: Node, view: View) {
  if (view.get(resources.nodes, keyOf(node)) && !isOutOfService(node)) return [];
  return view.byIndex(resources.pods, byNode, node.metadata.name).map(keyOf);
}
