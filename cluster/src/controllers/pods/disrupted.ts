import type { Pod } from '@berth/kube/objects';
import { findCondition, rfc3339 } from '../conditions.ts';

/**
 * The condition that says why a pod is taken away although it did not fail; jobs and others read it. It keeps the time of an earlier one
 * that said so too.
 */
export function disruptionTarget({ metadata, status }: Pod, now: number, why: { reason: string; message: string }) {
  const { generation } = metadata;
  const present = findCondition(status?.conditions, 'DisruptionTarget');
  return {
    type: 'DisruptionTarget',
    status: 'True',
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastProbeTime: null,
    lastTransitionTime: present?.status === 'True' ? present.lastTransitionTime : rfc3339(now),
    ...why,
  };
}
