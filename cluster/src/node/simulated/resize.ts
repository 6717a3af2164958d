import type { Pod } from '@berth/kube/objects';
import {
  type NodeRoom,
  needsRestart,
  type Resources,
  refusalOf,
  resizableContainers,
  withResources,
} from '../pods/resize/index.ts';

type Condition = NonNullable<NonNullable<Pod['status']>['conditions']>[number];

/** By container, what a node has given as the pod's status tells. */
function givenOf({ status }: Pod): Map<string, Resources> {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return new Map(all.flatMap(({ name, resources }) => (resources ? [[name, resources as Resources]] : [])));
}

/** The pod as it was admitted: what is asked for since then is not given yet. */
export const admittedOf = (pod: Pod): Pod => withResources(pod, givenOf(pod));

/** What is told of a resize that waits. */
export const pendingOf = ({ status }: Pod): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === 'PodResizePending');

export interface PretendedResize {
  /** As it is admitted now. */
  pod: Pod;
  /** What is to be told of it. */
  conditions: Condition[];
  /** Containers ask for a restart. */
  restarts: boolean;
}

/**
 * What is to be told of a resize of a pod whose containers run: that it is done, or that it waits. Undefined when nothing is new. `others`: the
 * node's other pods that have not ended.
 */
export function pretendedResize(
  pod: Pod,
  others: readonly Pod[],
  around: { room: NodeRoom; now: number },
): PretendedResize | undefined {
  const given = givenOf(pod);
  const admitted = withResources(pod, given);
  const known = pendingOf(pod);
  if (admitted === pod) return known ? { pod, conditions: [], restarts: false } : undefined;
  const refusal = refusalOf(pod, others, around.room);
  if (!refusal) {
    const restarts = resizableContainers(pod).some((container) => {
      const has = given.get(container.name);
      return has !== undefined && needsRestart(container, { given: has });
    });
    return { pod, conditions: [], restarts };
  }
  const { reason, message } = refusal;
  const { generation = 0 } = pod.metadata;
  if (known?.reason === reason && known.message === message && known.observedGeneration === generation)
    return undefined;
  const time = new Date(around.now).toISOString().replace(/\.\d+Z$/, 'Z');
  const lastTransitionTime = (known?.reason === reason ? known.lastTransitionTime : undefined) ?? time;
  const condition = { type: 'PodResizePending', status: 'True', reason, message, observedGeneration: generation };
  return { pod: admitted, conditions: [{ ...condition, lastTransitionTime }], restarts: false };
}
