import { type Node, type Pod, resources } from '@berth/kube/objects';
import { byNode } from '@berth/kube/pods';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { type Taint, tolerates } from '@berth/kube/selectors';
import { disruptionTarget } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import { type Stopwatch, stopwatch } from './stopwatch.ts';

/**
 * Deletes pods that do not tolerate a `NoExecute` taint of their node, or tolerated it for as long as they said. The time runs from
 * when the controller first saw them together, so that a start of the control plane gives every node its time to report.
 * Source: "Taint based Evictions" of the Kubernetes documentation.
 */
export function taintEvictionController(waiting: Stopwatch = stopwatch()): Reconciler<Pod> {
  return {
    name: 'taint-eviction-controller',
    resource: resources.pods,
    watches: [{ resource: resources.nodes, concerns: (node, view) => podsToLookAt(node as Node, view) }],
    reconcile(pod, view, now): Outcome {
      const { uid = '', deletionTimestamp } = pod.metadata;
      const taints = drivingOut(view.get(resources.nodes, { name: pod.spec?.nodeName ?? '' }));
      const tolerated = deletionTimestamp === undefined ? toleratedFor(pod, taints) : Number.POSITIVE_INFINITY;
      if (tolerated === Number.POSITIVE_INFINITY) {
        const cancelled = waiting.runs(uid) && deletionTimestamp === undefined;
        waiting.forget(uid);
        return { actions: cancelled ? [told(pod, 'Cancelling deletion of Pod')] : [] };
      }
      waiting.keep(() => view.list(resources.pods).map(({ metadata }) => metadata.uid ?? ''));
      const left = tolerated - (tolerated > 0 ? waiting.elapsed(uid, '') : 0);
      return left > 0 ? { actions: [], requeueAfter: Math.ceil(left) } : { actions: evict(pod, now) };
    },
  };
}

function drivingOut(node: Node | undefined): Taint[] {
  return (node?.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
}

/** Only a node with such a taint is worth looking through all pods for. */
function podsToLookAt(node: Node, view: View) {
  if (drivingOut(node).length === 0) return [];
  return view.byIndex(resources.pods, byNode, node.metadata.name).map(keyOf);
}

/** Milliseconds that the pod bears all of these taints; infinite when it does so for good. */
function toleratedFor({ spec }: Pod, taints: readonly Taint[]): number {
  const tolerations = spec?.tolerations ?? [];
  let shortest = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const covering = tolerations.find((toleration) => tolerates(toleration, taint));
    if (!covering) return 0;
    shortest = Math.min(shortest, Math.max(0, covering.tolerationSeconds ?? Number.POSITIVE_INFINITY) * 1000);
  }
  return shortest;
}

function evict(pod: Pod, now: number): Action[] {
  const { uid } = pod.metadata;
  const condition = disruptionTarget(pod, now, {
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
  });
  const body = { metadata: { uid }, status: { conditions: [condition] } };
  const key = keyOf(pod);
  return [
    told(pod, 'Marking for deletion Pod'),
    { type: 'patch', resource: resources.pods, key, patch: { type: 'strategic', body }, subresource: 'status' },
    { type: 'delete', resource: resources.pods, key, ...(uid ? { options: { preconditions: { uid } } } : {}) },
  ];
}

function told(pod: Pod, what: string): Action {
  const { namespace, name } = pod.metadata;
  const message = `${what} ${namespace}/${name}`;
  return { type: 'event', about: pod, severity: 'Normal', reason: 'TaintManagerEviction', message };
}
