import { controllerOf, type Pod, resources } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import { matchesLabels } from '@berth/kube/selectors';
import { suffixOf } from '../hashing.ts';
import { byDeletionRank, createPods, deletePod, isActive, podFromTemplate } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import type { ReplicaKind, ReplicaOwner } from './kind.ts';
import { failureStatus } from './status.ts';

/** So many pods are made or deleted in one go at most; what is left follows when these are seen. */
const burst = 500;

/** Pods to create or to delete so that there are as many as wanted, and the events that tell of them. */
export function scale<T extends ReplicaOwner>(
  kind: ReplicaKind<T>,
  owner: T,
  pods: readonly Pod[],
  view: View,
  now: number,
): Action[] {
  const missing = (owner.spec?.replicas ?? 1) - pods.length;
  if (missing > 0) return create(kind, owner, Math.min(missing, burst), view, now);
  if (missing < 0) return remove(kind, owner, pods, Math.min(-missing, burst), view, now);
  return [];
}

function create<T extends ReplicaOwner>(kind: ReplicaKind<T>, owner: T, missing: number, view: View, now: number) {
  const template = owner.spec?.template;
  if (!template) return [];
  const names = new Set<string>();
  for (let attempt = 0; names.size < missing; attempt++) {
    const name = `${owner.metadata.name.slice(0, 57)}-${suffixOf(owner.metadata.uid, now, attempt)}`;
    if (view.get(resources.pods, { ...keyOf(owner), name }) === undefined) names.add(name);
  }
  const pods = [...names].map((name) => podFromTemplate(owner, template, name));
  return createPods(owner, pods, ({ message }) => failureStatus(kind, owner, { reason: 'FailedCreate', message }, now));
}

function remove<T extends ReplicaOwner>(
  kind: ReplicaKind<T>,
  owner: T,
  pods: readonly Pod[],
  surplus: number,
  view: View,
  now: number,
): Action[] {
  const crowds = crowdsOf(kind, owner, view);
  const doomed = pods
    .map((pod) => ({ pod, crowd: crowds.get(pod.spec?.nodeName ?? '') ?? 0 }))
    .sort(byDeletionRank(now))
    .slice(0, surplus)
    .map(({ pod }) => pod);
  const actions = doomed.map((pod) =>
    deletePod(owner, pod, ({ message }) => failureStatus(kind, owner, { reason: 'FailedDelete', message }, now)),
  );
  return [...actions.map(({ deletion }) => deletion), ...actions.map(({ event }) => event)];
}

/** How many active pods of this owner and its siblings (of the same Deployment) each node runs; orphans that match count as theirs. */
function crowdsOf<T extends ReplicaOwner>(kind: ReplicaKind<T>, owner: T, view: View): Map<string, number> {
  const { namespace } = owner.metadata;
  const above = controllerOf(owner);
  const siblings: readonly T[] = above ? view.controlledBy(kind.resource, above.uid) : [owner];
  const crowds = new Map<string, number>();
  for (const sibling of siblings) {
    const selector = kind.selectorOf(sibling);
    const own = view.controlledBy(resources.pods, sibling.metadata.uid ?? '');
    for (const pod of [...own, ...view.orphans(resources.pods, { namespace, selector })]) {
      const node = pod.spec?.nodeName;
      if (!node || !isActive(pod) || !matchesLabels(selector, pod.metadata.labels)) continue;
      crowds.set(node, (crowds.get(node) ?? 0) + 1);
    }
  }
  return crowds;
}
