import { type Pod, resources, type StatefulSet } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { keyOf } from '../status.ts';
import { identityLabels, ordinalOf } from './identity.ts';
import { areClaimsOwned, ownClaims } from './retention.ts';
import type { Situation } from './types.ts';

function told(set: StatefulSet, what: 'Create' | 'Update' | 'Delete', pod: Pod, failure?: string): Action {
  const message = `${what} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
  return failure === undefined
    ? { type: 'event', about: set, severity: 'Normal', reason: `Successful${what}`, message: `${message} successful` }
    : {
        type: 'event',
        about: set,
        severity: 'Warning',
        reason: `Failed${what}`,
        message: `${message} failed error: ${failure}`,
      };
}

export function podCreation(set: StatefulSet, pod: Pod): Action[] {
  const creation: Action = {
    type: 'create',
    resource: resources.pods,
    object: pod,
    failed: ({ code, message }) => (code === 'AlreadyExists' ? [] : [told(set, 'Create', pod, message)]),
  };
  return [creation, told(set, 'Create', pod)];
}

/** What is told when a pod cannot come before claims of its are gone. */
export function claimFailure(set: StatefulSet, pod: Pod, claims: readonly string[]): Action {
  const each = claims.map((name) => `pvc ${name} is being deleted`);
  return told(set, 'Create', pod, each.length === 1 ? each[0] : `[${each.join(', ')}]`);
}

/** Deletes this pod, and not another that has taken its name. */
export function deletion(set: StatefulSet, pod: Pod): Action[] {
  const { uid } = pod.metadata;
  const gone: Action = {
    type: 'delete',
    resource: resources.pods,
    key: keyOf(pod),
    ...(uid === undefined ? {} : { options: { preconditions: { uid } } }),
    failed: ({ message }) => [told(set, 'Delete', pod, message)],
  };
  return [gone, told(set, 'Delete', pod)];
}

/** Gives a pod back what it is known by, and its claims the owners that they should have. */
export function identityActions({ set, view }: Situation, pod: Pod): Action[] {
  const { uid, name } = pod.metadata;
  const labels = identityLabels(name, ordinalOf(set, pod) ?? 0);
  const isKnown = pod.metadata.labels?.['statefulset.kubernetes.io/pod-name'] === name;
  if (isKnown && areClaimsOwned(set, pod, view)) return [];
  const { updates, events } = areClaimsOwned(set, pod, view) ? { updates: [], events: [] } : ownClaims(set, pod, view);
  const patch = { type: 'merge' as const, body: { metadata: { uid, labels } } };
  const named: Action[] = isKnown ? [] : [{ type: 'patch', resource: resources.pods, key: keyOf(pod), patch }];
  return [...updates, ...events, ...named, told(set, 'Update', pod)];
}
