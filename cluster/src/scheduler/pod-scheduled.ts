import type { Pod } from '@berth/kube/objects';

/** The condition `PodScheduled: False` for this reason; undefined when the pod says so already. `now` in ms. */
export function podUnscheduled(pod: Pod, reason: string, message: string, now: number): object | undefined {
  const present = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (present?.status === 'False' && present.reason === reason && present.message === message) return undefined;
  const since = present?.status === 'False' ? present.lastTransitionTime : undefined;
  return {
    type: 'PodScheduled',
    status: 'False',
    ...observed(pod),
    lastProbeTime: null,
    lastTransitionTime: since ?? timestamp(now),
    reason,
    message,
  };
}

/** The condition of a pod that has to make room for a more important one. */
export function disrupted(pod: Pod, schedulerName: string, now: number): object {
  return {
    type: 'DisruptionTarget',
    status: 'True',
    ...observed(pod),
    lastProbeTime: null,
    lastTransitionTime: timestamp(now),
    reason: 'PreemptionByScheduler',
    message: `${schedulerName}: preempting to accommodate a higher priority pod`,
  };
}

function observed({ metadata: { generation } }: Pod): object {
  return generation === undefined ? {} : { observedGeneration: generation };
}

const timestamp = (now: number) => new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
