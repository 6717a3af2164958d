import { type Pod, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { isTerminal } from '../pods/index.ts';
import { keyOf } from '../status.ts';

/**
 * Deletes the pod without waiting for anybody. One that has not ended is marked as failed before: no node is left that would say so, and
 * its owner is to see how it ended.
 */
export function removePod(pod: Pod, condition?: object): Action[] {
  const { uid, generation } = pod.metadata;
  const key = keyOf(pod);
  const status = {
    phase: 'Failed',
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(condition ? { conditions: [condition] } : {}),
  };
  const body = { metadata: { uid }, status };
  const failed: Action = {
    type: 'patch',
    resource: resources.pods,
    key,
    patch: { type: 'strategic', body },
    subresource: 'status',
  };
  const options = { gracePeriodSeconds: 0, ...(uid === undefined ? {} : { preconditions: { uid } }) };
  return [...(isTerminal(pod) ? [] : [failed]), { type: 'delete', resource: resources.pods, key, options }];
}
