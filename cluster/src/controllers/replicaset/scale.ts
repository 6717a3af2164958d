import { controllerOf, type Pod, type ReplicaSet, resources } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import { suffixOf } from '../hashing.ts';
import { byDeletionRank, isActive, podFromTemplate } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import { failureStatus } from './status.ts';

/** So many pods are made or deleted in one go at most; what is left follows when these are seen. */
const burst = 500;

/** Pods to create or to delete so that there are as many as wanted, and the events that tell of them. */
export function scale(set: ReplicaSet, pods: readonly Pod[], view: View, now: number): Action[] {
  const missing = (set.spec?.replicas ?? 1) - pods.length;
  if (missing > 0) return create(set, Math.min(missing, burst), view, now);
  if (missing < 0) return remove(set, pods, Math.min(-missing, burst), view);
  return [];
}

function create(set: ReplicaSet, missing: number, view: View, now: number): Action[] {
  const template = set.spec?.template;
  if (!template) return [];
  const names: string[] = [];
  for (let attempt = 0; names.length < missing; attempt++) {
    const name = `${set.metadata.name.slice(0, 57)}-${suffixOf(set.metadata.uid, now, attempt)}`;
    const taken = view.get(resources.pods, { ...keyOf(set), name }) !== undefined || names.includes(name);
    if (!taken) names.push(name);
  }
  const creations = names.map(
    (name): Action => ({
      type: 'create',
      resource: resources.pods,
      object: podFromTemplate(set, template, name),
      failed: (error) => [
        {
          type: 'event',
          about: set,
          severity: 'Warning',
          reason: 'FailedCreate',
          message: `Error creating: ${error.message}`,
        },
        ...failureStatus(set, 'FailedCreate', error.message, now),
      ],
    }),
  );
  const events = names.map(
    (name): Action => ({
      type: 'event',
      about: set,
      severity: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${name}`,
    }),
  );
  return [...creations, ...events];
}

function remove(set: ReplicaSet, pods: readonly Pod[], surplus: number, view: View): Action[] {
  const crowds = crowdsOf(set, view);
  const doomed = pods
    .map((pod) => ({ pod, crowd: crowds.get(pod.spec?.nodeName ?? '') ?? 0 }))
    .sort(byDeletionRank)
    .slice(0, surplus)
    .map(({ pod }) => pod);
  const deletions = doomed.map((pod): Action => {
    const { uid } = pod.metadata;
    const options = uid === undefined ? {} : { options: { preconditions: { uid } } };
    return { type: 'delete', resource: resources.pods, key: keyOf(pod), ...options };
  });
  const events = doomed.map(
    (pod): Action => ({
      type: 'event',
      about: set,
      severity: 'Normal',
      reason: 'SuccessfulDelete',
      message: `Deleted pod: ${pod.metadata.name}`,
    }),
  );
  return [...deletions, ...events];
}

/** How many active pods of this set and its siblings (of the same Deployment) each node runs. */
function crowdsOf(set: ReplicaSet, view: View): Map<string, number> {
  const owner = controllerOf(set);
  const siblings = owner ? view.controlledBy(resources.replicaSets, owner.uid) : [set];
  const crowds = new Map<string, number>();
  for (const sibling of siblings) {
    for (const pod of view.controlledBy(resources.pods, sibling.metadata.uid ?? '')) {
      const node = pod.spec?.nodeName;
      if (node && isActive(pod)) crowds.set(node, (crowds.get(node) ?? 0) + 1);
    }
  }
  return crowds;
}
