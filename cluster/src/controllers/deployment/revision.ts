import { isDeepStrictEqual } from 'node:util';
import { controllerOf, type ReplicaSet, resources } from '@berth/kube/objects';
import { findCondition, rfc3339, withCondition } from '../conditions.ts';
import { hashOf } from '../hashing.ts';
import { controllerReference } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import { annotationsOfNewSet, newestRevision, revisionAnnotation, sizeAnnotations } from './annotations.ts';
import { largest, wanted } from './numbers.ts';
import { hashLabel, type Plan, replaceSet, scaledEvent, templateKey } from './plan.ts';
import { sizeOfNewSet } from './rolling-update.ts';

/**
 * Brings the set of the present template up to the newest revision, and, with `create`, makes it when there is none. The Deployment carries
 * the same revision, for `kubectl rollout`.
 */
export function syncRevision(plan: Plan, create: boolean): void {
  const revision = newestRevision(plan.oldSets) + 1n;
  if (plan.newSet) adopt(plan, plan.newSet, revision);
  else if (create) make(plan, revision);
}

function adopt(plan: Plan, set: ReplicaSet, revision: bigint): void {
  const { deployment } = plan;
  const annotations = annotationsOfNewSet(deployment, set.metadata.annotations ?? {}, revision);
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  const sameAnnotations = isDeepStrictEqual(annotations, set.metadata.annotations ?? {});
  const sameReadiness = minReadySeconds === (set.spec?.minReadySeconds ?? 0);
  if (!sameAnnotations || !sameReadiness) {
    const spec = sameReadiness ? {} : { spec: { minReadySeconds } };
    const body = { metadata: { uid: set.metadata.uid, annotations }, ...spec };
    plan.actions.push({
      type: 'patch',
      resource: resources.replicaSets,
      key: keyOf(set),
      patch: { type: 'merge', body },
    });
    replaceSet(plan, set, {
      ...set,
      metadata: { ...set.metadata, annotations },
      spec: { ...set.spec, ...spec.spec },
    } as ReplicaSet);
    // The Deployment's own note and condition follow once the set has its.
    return;
  }
  noteRevision(plan, annotations[revisionAnnotation] ?? String(revision));
  if (hasDeadline(plan) && !findCondition(plan.conditions, 'Progressing')) {
    progressing(plan, 'FoundNewReplicaSet', `Found new replica set "${set.metadata.name}"`);
  }
}

function make(plan: Plan, revision: bigint): void {
  const { deployment, view } = plan;
  const { spec, metadata } = deployment;
  if (!spec) return;
  const hash = hashOf(spec.template, plan.collisionCount);
  const name = `${metadata.name.slice(0, 242)}-${hash}`;
  const inTheWay = view.get(resources.replicaSets, { ...keyOf(deployment), name });
  if (inTheWay) {
    // Our own, of the same template, and only not seen as ours yet: the next round finds it.
    const ours = controllerOf(inTheWay)?.uid === metadata.uid && templateKey(inTheWay) === templateKey(deployment);
    if (!ours) plan.collisionCount = (plan.collisionCount ?? 0) + 1;
    return;
  }
  const labels = { ...spec.template.metadata?.labels, [hashLabel]: hash };
  const annotations = {
    ...annotationsOfNewSet(deployment, {}, revision),
    ...sizeAnnotations(wanted(deployment), largest(deployment)),
  };
  const set: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...keyOf(deployment),
      name,
      labels,
      annotations,
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [hashLabel]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
      ...(spec.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}),
    },
  };
  plan.newSet = set;
  const replicas = sizeOfNewSet(plan);
  const sized = { ...set, spec: { ...set.spec, replicas } } as ReplicaSet;
  plan.newSet = sized;
  plan.actions.push({
    type: 'create',
    resource: resources.replicaSets,
    object: sized,
    failed: (error) => [
      {
        type: 'event',
        about: deployment,
        severity: 'Warning',
        reason: 'ReplicaSetCreateError',
        message: `Failed to create new replica set "${name}": ${error.message}`,
      },
    ],
  });
  if (replicas > 0) plan.actions.push(scaledEvent(deployment, name, 0, replicas));
  noteRevision(plan, String(revision));
  if (hasDeadline(plan)) progressing(plan, 'NewReplicaSetCreated', `Created new replica set "${name}"`);
}

function noteRevision(plan: Plan, revision: string): void {
  const { metadata } = plan.deployment;
  if (metadata.annotations?.[revisionAnnotation] === revision) return;
  const body = { metadata: { uid: metadata.uid, annotations: { [revisionAnnotation]: revision } } };
  plan.actions.push({
    type: 'patch',
    resource: resources.deployments,
    key: keyOf(plan.deployment),
    patch: { type: 'merge', body },
  });
}

/** Absent is no deadline; so is the largest 32-bit number, which old clients send for it. */
export function hasDeadline({ deployment }: Plan): boolean {
  const { progressDeadlineSeconds } = deployment.spec ?? {};
  return progressDeadlineSeconds !== undefined && progressDeadlineSeconds !== 2 ** 31 - 1;
}

function progressing(plan: Plan, reason: string, message: string): void {
  const time = rfc3339(plan.now);
  plan.conditions = withCondition(plan.conditions, {
    type: 'Progressing',
    status: 'True',
    lastUpdateTime: time,
    lastTransitionTime: time,
    reason,
    message,
  });
}
