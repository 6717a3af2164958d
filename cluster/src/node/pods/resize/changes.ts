import type { Container, Pod } from '@berth/kube/objects';
import { compareQuantities } from '@berth/kube/quantity';
import { newestOf, type ObservedContainer, type ObservedPod } from '../observed.ts';
import { amountOf, kinds, type Resource, resizable, resizableContainers, sameAmounts } from './amounts.ts';

export interface Change {
  /** As it is to be. */
  container: Container;
  /** As it is; `given` says what it has. */
  running: ObservedContainer;
}

export interface Changes {
  /** Containers that can be given something else only by a restart. */
  restarts: Change[];
  /** By resource, those that are given something else as they run, in order: who gets less comes first. */
  updates: Record<Resource, Change[]>;
  /** Containers were ended for a restart and others are about to take their places: the pod's cgroup is to fit those. */
  replaced: boolean;
}

/** What is to be done so that the pod's containers have what they were allocated. */
export function changesOf(pod: Pod, observed: ObservedPod): Changes {
  const changes: Changes = { restarts: [], updates: { cpu: [], memory: [] }, replaced: false };
  for (const container of resizableContainers(pod)) {
    const running = newestOf(observed, container.name);
    if (running?.state === 'exited' && running.replaced) changes.replaced = true;
    if (running?.state !== 'running' || !isChanged(container, running)) continue;
    const change = { container, running };
    if (needsRestart(container, running)) {
      changes.restarts.push(change);
      continue;
    }
    for (const name of resizable) {
      const direction = directionOf(change, name);
      if (direction > 0) changes.updates[name].push(change);
      if (direction < 0) changes.updates[name].unshift(change);
    }
  }
  return changes;
}

/** Whether a container that runs has something else than it was allocated, or is being replaced for that. */
export function isUnderWay(pod: Pod, observed: ObservedPod): boolean {
  return resizableContainers(pod).some((container) => {
    const newest = newestOf(observed, container.name);
    return newest?.state === 'running' ? isChanged(container, newest) : newest?.replaced === true;
  });
}

const isChanged = ({ resources }: Container, { given }: ObservedContainer): boolean =>
  given !== undefined && !sameAmounts(resources, given);

/** By the policies of what changes; without one nothing is restarted. */
export function needsRestart(
  { resources, resizePolicy = [] }: Container,
  { given }: Pick<ObservedContainer, 'given'>,
): boolean {
  return resizePolicy.some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' &&
      resizable.some((name) => name === resourceName && given && !sameAmounts(resources, given, [name])),
  );
}

/** More or less of a resource, by its limit, or by its request where the limit stays; 0: the same. No limit counts as the least, as for kubelet. */
function directionOf({ container, running }: Change, name: Resource): number {
  for (const kind of kinds.toReversed()) {
    const order = compareQuantities(amountOf(container.resources, kind, name), amountOf(running.given, kind, name));
    if (order !== 0) return order;
  }
  return 0;
}
