import { isDeepStrictEqual } from 'node:util';
import { type Deployment, type ReplicaSet, resources } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import type { StatusCondition } from '../conditions.ts';
import { canonicalJson } from '../hashing.ts';
import { keyOf } from '../status.ts';
import { sizeAnnotations } from './annotations.ts';
import { byCreation, largest, wanted } from './numbers.ts';

export const hashLabel = 'pod-template-hash';

/**
 * One reconciliation as it takes shape: what is there, what was decided so far, and the sets as they will be after it, so that each
 * step decides on what the one before left.
 */
export interface Plan {
  readonly deployment: Deployment;
  readonly view: View;
  readonly now: number;
  readonly actions: Action[];
  conditions: readonly StatusCondition[];
  collisionCount: number | undefined;
  /** The set of the present template. */
  newSet: ReplicaSet | undefined;
  /** The others, oldest first. */
  oldSets: ReplicaSet[];
}

export function planFor(deployment: Deployment, sets: readonly ReplicaSet[], view: View, now: number): Plan {
  const template = templateKey(deployment);
  const sorted = [...sets].sort(byCreation);
  // The oldest of several that are equal, as Kubernetes chooses.
  const newSet = sorted.find((set) => templateKey(set) === template);
  return {
    deployment,
    view,
    now,
    actions: [],
    conditions: deployment.status?.conditions ?? [],
    collisionCount: deployment.status?.collisionCount,
    newSet,
    oldSets: sorted.filter((set) => set !== newSet),
  };
}

/** Equal for templates that are equal but for the hash label. */
export function templateKey(object: Deployment | ReplicaSet): string {
  const template = object.spec?.template;
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
  return canonicalJson({ ...template, metadata: { ...template?.metadata, creationTimestamp: undefined, labels } });
}

export function allSets(plan: Plan): ReplicaSet[] {
  return plan.newSet ? [...plan.oldSets, plan.newSet] : plan.oldSets;
}

export function isInUse(set: ReplicaSet): boolean {
  return wanted(set) > 0;
}

/** Decides that the set has so many replicas, with the size annotations of the present Deployment. Answers whether the number changes. */
export function scaleSet(plan: Plan, set: ReplicaSet, replicas: number): boolean {
  const { deployment } = plan;
  const from = wanted(set);
  const annotations = { ...set.metadata.annotations, ...sizeAnnotations(wanted(deployment), largest(deployment)) };
  if (from === replicas && isDeepStrictEqual(annotations, set.metadata.annotations)) return false;
  const { uid } = set.metadata;
  const body = { metadata: { ...(uid === undefined ? {} : { uid }), annotations }, spec: { replicas } };
  plan.actions.push({
    type: 'patch',
    resource: resources.replicaSets,
    key: keyOf(set),
    patch: { type: 'merge', body },
  });
  replaceSet(plan, set, {
    ...set,
    metadata: { ...set.metadata, annotations },
    spec: { ...set.spec, replicas },
  } as ReplicaSet);
  if (from === replicas) return false;
  plan.actions.push(scaledEvent(deployment, set.metadata.name, from, replicas));
  return true;
}

export function scaledEvent(deployment: Deployment, name: string, from: number, to: number): Action {
  const direction = to > from ? 'up' : 'down';
  const message = `Scaled ${direction} replica set ${name} from ${from} to ${to}`;
  return { type: 'event', about: deployment, severity: 'Normal', reason: 'ScalingReplicaSet', message };
}

export function replaceSet(plan: Plan, set: ReplicaSet, by: ReplicaSet): void {
  if (plan.newSet === set) plan.newSet = by;
  plan.oldSets = plan.oldSets.map((each) => (each === set ? by : each));
}
