import type { ContainerStatus, Pod } from '@berth/kube/objects';
import { conditionOf, type Health, health, terminating } from './health.ts';

/** Waiting for these, a container gets nowhere without a person; other reasons to wait pass by themselves. */
const stuck = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** A pod's health, with the reason that `kubectl get pods` would print. */
export function podHealth(pod: Pod): Health {
  const ending = terminating(pod);
  if (ending) return ending;
  const { phase, reason, message } = pod.status ?? {};
  if (phase === 'Succeeded') return health('done');
  if (phase === 'Failed') return failedPod(pod, reason, message);
  return initHealth(pod) ?? containersHealth(pod) ?? pendingHealth(pod);
}

/** How many of a pod's containers are ready, and how many it has. */
export function readyContainers(pod: Pod): { ready: number; total: number } {
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  const names = new Set(sidecars.map((container) => container.name));
  const statuses = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []).filter((status) => names.has(status.name)),
  ];
  return {
    ready: statuses.filter((status) => status.ready).length,
    total: (pod.spec?.containers.length ?? 0) + sidecars.length,
  };
}

export function restartsOf(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce((sum, status) => sum + status.restartCount, 0);
}

function failedPod(pod: Pod, reason: string | undefined, message: string | undefined): Health {
  const ended = pod.status?.containerStatuses?.find((status) => (status.state?.terminated?.exitCode ?? 0) !== 0);
  const terminated = ended?.state?.terminated;
  const exit = terminated && `${ended.name}: exit code ${terminated.exitCode}`;
  return health('failed', reason ?? terminated?.reason, message ?? terminated?.message ?? exit);
}

function initHealth(pod: Pod): Health | undefined {
  const statuses = pod.status?.initContainerStatuses ?? [];
  const specs = pod.spec?.initContainers ?? [];
  const at = statuses.findIndex((status) => status.state?.terminated?.exitCode !== 0 && status.started !== true);
  const status = statuses[at];
  if (status === undefined) return undefined;
  const waiting = status.state?.waiting;
  if (waiting?.reason !== undefined && stuck.has(waiting.reason)) {
    return health('failed', `Init:${waiting.reason}`, waiting.message);
  }
  const terminated = status.state?.terminated;
  if (terminated) return health('failed', `Init:${terminated.reason ?? 'Error'}`, terminated.message);
  return health('progressing', `Init:${at}/${specs.length}`);
}

function containersHealth(pod: Pod): Health | undefined {
  const statuses = pod.status?.containerStatuses ?? [];
  const blocked = statuses.find((status) => stuck.has(status.state?.waiting?.reason ?? ''));
  if (blocked) return health('failed', blocked.state?.waiting?.reason, explain(blocked));
  const ended = statuses.find((status) => status.state?.terminated !== undefined);
  if (ended && pod.status?.phase === 'Running') {
    const terminated = ended.state?.terminated;
    return health(terminated?.exitCode === 0 ? 'degraded' : 'failed', terminated?.reason ?? 'Error', explain(ended));
  }
  const waiting = statuses.find((status) => status.state?.waiting !== undefined)?.state?.waiting;
  if (waiting) return health('progressing', waiting.reason, waiting.message);
  if (pod.status?.phase !== 'Running') return undefined;
  if (statuses.some((status) => status.started === false)) return health('progressing', 'Starting');
  const unready = statuses.filter((status) => !status.ready);
  const ready = conditionOf(pod, 'Ready');
  if (unready.length === 0 && ready?.status !== 'False') return health('ok');
  return health('degraded', 'NotReady', ready?.message ?? unready.map((status) => status.name).join(', '));
}

function pendingHealth(pod: Pod): Health {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status === 'False') return health('degraded', scheduled.reason, scheduled.message);
  if (pod.status?.phase === 'Pending' || pod.status?.phase === undefined) return health('progressing', 'Pending');
  return health('unknown', pod.status.reason, pod.status.message);
}

/** Why the last run ended, where that says more than the waiting does. */
function explain(status: ContainerStatus): string | undefined {
  const last = status.lastState?.terminated ?? status.state?.terminated;
  const waiting = status.state?.waiting?.message;
  if (last === undefined) return waiting;
  const exit = `${status.name}: ${last.reason ?? 'Error'}, exit code ${last.exitCode}`;
  return last.message ? `${exit}: ${last.message}` : exit;
}
