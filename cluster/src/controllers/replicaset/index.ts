import { controllerOf, type Pod, type ReplicaSet, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { claim, isActive } from '../pods/index.ts';
import { scale } from './scale.ts';
import { statusOf } from './status.ts';

/** Keeps as many pods as a ReplicaSet wants. Source: "ReplicaSet" of the Kubernetes documentation. */
export const replicaSetController: Reconciler<ReplicaSet> = {
  name: 'replicaset-controller',
  resource: resources.replicaSets,
  watches: [{ resource: resources.pods, concerns: (pod, view) => concerned(pod as Pod, view) }],
  reconcile,
};

/** A pod's own ReplicaSet; for an orphan, those that would adopt it. */
function concerned(pod: Pod, view: View) {
  const { namespace = '' } = pod.metadata;
  const controller = controllerOf(pod);
  if (controller) return controller.kind === 'ReplicaSet' ? [{ namespace, name: controller.name }] : [];
  if (!pod.metadata.labels) return [];
  return view
    .list(resources.replicaSets, { namespace })
    .filter((set) => matchesLabels(labelSelectorOf(set.spec?.selector), pod.metadata.labels))
    .map((set) => ({ namespace, name: set.metadata.name }));
}

function reconcile(set: ReplicaSet, view: View, now: number): Outcome {
  const { namespace = '' } = set.metadata;
  const orphans = view.controlledBy(resources.pods, '').filter((pod) => pod.metadata.namespace === namespace);
  const active = [...view.controlledBy(resources.pods, set.metadata.uid ?? ''), ...orphans].filter(isActive);
  const { owned, actions: claims } = claim(resources.pods, set, labelSelectorOf(set.spec?.selector), active);
  const { status, requeueAfter } = statusOf(set, owned, now);
  const actions: Action[] = [...claims];
  if (set.metadata.deletionTimestamp === undefined) actions.push(...scale(set, owned, view, now));
  actions.push(...status);
  return requeueAfter === undefined ? { actions } : { actions, requeueAfter };
}
