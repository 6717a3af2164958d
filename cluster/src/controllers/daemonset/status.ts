import { resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { isAvailable, isReady } from '../pods/index.ts';
import { count, statusActions } from '../status.ts';
import { oldestFirst } from './nodes.ts';
import { belongs } from './placement.ts';
import type { Daemons } from './types.ts';

/** The status: on each node that is to have a pod the oldest one counts. */
export function statusOf({ set, now, nodes, byNode, isUpdated }: Daemons): Action[] {
  const { generation = 1 } = set.metadata;
  const template = set.spec?.template ?? {};
  const isWanted = nodes.map((node) => belongs(template, node, 'start'));
  const wanted = nodes.filter((_, at) => isWanted[at]);
  const others = nodes.filter((_, at) => !isWanted[at]);
  const first = wanted.flatMap(({ metadata }) => [...(byNode.get(metadata.name) ?? [])].sort(oldestFirst).slice(0, 1));
  const available = first.filter((pod) => isAvailable(pod, set.spec?.minReadySeconds ?? 0, now));
  return statusActions(resources.daemonSets, set, {
    currentNumberScheduled: first.length,
    numberMisscheduled: others.filter(({ metadata }) => byNode.has(metadata.name)).length,
    desiredNumberScheduled: wanted.length,
    numberReady: first.filter(isReady).length,
    observedGeneration: generation,
    ...count('updatedNumberScheduled', first.filter(isUpdated).length),
    ...count('numberAvailable', available.length),
    ...count('numberUnavailable', wanted.length - available.length),
    ...(set.status?.collisionCount === undefined ? {} : { collisionCount: set.status.collisionCount }),
  });
}
