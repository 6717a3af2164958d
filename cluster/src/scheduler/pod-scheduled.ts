import type { Pod } from '@berth/kube/objects';

/** The status with `PodScheduled: False` for this reason; undefined when the pod says so already. */
export function withPodScheduled(pod: Pod, reason: string, message: string, now: number): object | undefined {
  const conditions = pod.status?.conditions ?? [];
  const present = conditions.find(({ type }) => type === 'PodScheduled');
  if (present?.status === 'False' && present.reason === reason && present.message === message) return undefined;
  const since = present?.status === 'False' ? present.lastTransitionTime : undefined;
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: since ?? new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
    reason,
    message,
  };
  return { conditions: [...conditions.filter(({ type }) => type !== 'PodScheduled'), condition] };
}
