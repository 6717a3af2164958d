import { type BerthError, isBerthError } from '@berth/kube/errors';
import { type KubeObject, type Pod, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { keyOf } from '../status.ts';

type OnRefusal = (error: BerthError) => readonly Action[];
const nothing: OnRefusal = () => [];

/**
 * Creates the pods and tells of each in an event of the owner's. A refusal is told as well, and answered by what `refused` says; in a
 * namespace that is going nothing is told: everything is refused there.
 */
export function createPods(owner: KubeObject, pods: readonly Pod[], refused: OnRefusal = nothing): Action[] {
  const creations = pods.map(
    (object): Action => ({
      type: 'create',
      resource: resources.pods,
      object,
      failed: (error) =>
        isNamespaceGoing(error)
          ? []
          : [podEvent(owner, 'FailedCreate', `Error creating: ${error.message}`, 'Warning'), ...refused(error)],
    }),
  );
  return [
    ...creations,
    ...pods.map(({ metadata }) => podEvent(owner, 'SuccessfulCreate', `Created pod: ${metadata.name}`)),
  ];
}

/** Deletes the pod, this one and not another that has taken its name, and the event that tells of it. */
export function deletePod(owner: KubeObject, pod: Pod, refused: OnRefusal = nothing) {
  const { uid, name } = pod.metadata;
  const deletion: Action = {
    type: 'delete',
    resource: resources.pods,
    key: keyOf(pod),
    ...(uid === undefined ? {} : { options: { preconditions: { uid } } }),
    failed: (error) => [
      podEvent(owner, 'FailedDelete', `Error deleting: ${error.message}`, 'Warning'),
      ...refused(error),
    ],
  };
  return { deletion, event: podEvent(owner, 'SuccessfulDelete', `Deleted pod: ${name}`) };
}

/** Whether the refusal says that the namespace is being deleted. */
export function isNamespaceGoing(error: unknown): boolean {
  if (!isBerthError(error)) return false;
  return error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false;
}

function podEvent(about: KubeObject, reason: string, message: string, severity: 'Normal' | 'Warning' = 'Normal') {
  return { type: 'event', about, severity, reason, message } as const;
}
