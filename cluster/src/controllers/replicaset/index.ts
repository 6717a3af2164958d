import { controllerOf, type Pod, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { matchesLabels } from '@berth/kube/selectors';
import { claim, isActive, isTerminating } from '../pods/index.ts';
import { type ReplicaKind, type ReplicaOwner, replicaSets, replicationControllers } from './kind.ts';
import { scale } from './scale.ts';
import { statusOf } from './status.ts';

/** Keeps as many pods as a ReplicaSet wants. Source: "ReplicaSet" of the Kubernetes documentation. */
export const replicaSetController = controllerOfReplicas(replicaSets);

/** The same for the ReplicationController, whose selector is a plain map of labels. */
export const replicationController = controllerOfReplicas(replicationControllers);

function controllerOfReplicas<T extends ReplicaOwner>(kind: ReplicaKind<T>): Reconciler<T> {
  return {
    name: kind.controller,
    resource: kind.resource,
    watches: [{ resource: resources.pods, concerns: (pod, view) => concerned(kind, pod as Pod, view) }],
    reconcile: (owner, view, now) => reconcile(kind, owner, view, now),
  };
}

/** A pod's own owner; for an orphan, those that would adopt it. */
function concerned<T extends ReplicaOwner>(kind: ReplicaKind<T>, pod: Pod, view: View) {
  const { namespace = '' } = pod.metadata;
  const controller = controllerOf(pod);
  if (controller) return controller.kind === kind.resource.kind ? [{ namespace, name: controller.name }] : [];
  if (!pod.metadata.labels) return [];
  return view
    .list(kind.resource, { namespace })
    .filter((owner) => matchesLabels(kind.selectorOf(owner), pod.metadata.labels))
    .map(({ metadata }) => ({ namespace, name: metadata.name }));
}

function reconcile<T extends ReplicaOwner>(kind: ReplicaKind<T>, owner: T, view: View, now: number): Outcome {
  const { namespace = '', uid = '', deletionTimestamp } = owner.metadata;
  const selector = kind.selectorOf(owner);
  const orphans = view.orphans(resources.pods, { namespace, selector });
  const controlled = view.controlledBy(resources.pods, uid);
  const active = [...controlled, ...orphans].filter(isActive);
  const { owned, actions: claims } = claim(resources.pods, owner, selector, active);
  const terminating = controlled.filter((pod) => isTerminating(pod) && matchesLabels(selector, pod.metadata.labels));
  const { status, requeueAfter } = statusOf(kind, owner, { active: owned, terminating: terminating.length }, now);
  const actions: Action[] = [...claims];
  if (deletionTimestamp === undefined) actions.push(...scale(kind, owner, owned, view, now));
  actions.push(...status);
  return requeueAfter === undefined ? { actions } : { actions, requeueAfter };
}
