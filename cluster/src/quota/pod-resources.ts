import type { Container, Pod } from '@berth/kube/objects';
import { addQuantities } from '@berth/kube/quantity';
import { amountsOf, isPositive, largest, type ResourceList, sum } from './amounts.ts';
import type { Usage } from './types.ts';

type What = 'requests' | 'limits';
type Resources = { requests?: ResourceList; limits?: ResourceList } | undefined;
type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

/**
 * What a pod asks for, exactly: the sum of its containers or the largest init container where that is more, sidecars from where they start, the
 * pod's own figures in their place, and the overhead. A container that is being resized counts with the larger of what it has and asks.
 * Source: KEP-753 "Resources calculation for scheduling", KEP-1287, KEP-2837.
 */
export function podResources(pod: Pod, what: What): Usage {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const statuses = new Map([...containerStatuses, ...initContainerStatuses].map((status) => [status.name, status]));
  const of = (container: Container) => effective(pod, container, statuses.get(container.name), what);

  let total: Usage = {};
  for (const container of pod.spec?.containers ?? []) total = sum(total, of(container));
  let sidecars: Usage = {};
  let starting: Usage = {};
  for (const container of pod.spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      const asked = of(container);
      total = sum(total, asked);
      sidecars = sum(sidecars, asked);
      starting = largest(starting, sidecars);
    } else starting = largest(starting, sum(listed(container.resources as Resources, what), sidecars));
  }
  total = largest(total, starting);
  const own = Object.entries(listed(pod.spec?.resources as Resources, what)).filter(([name]) => isPodLevel(name));
  return withOverhead({ ...total, ...Object.fromEntries(own) }, amountsOf(pod.spec?.overhead as ResourceList), what);
}

function listed(resources: Resources, what: What): Usage {
  return amountsOf(resources?.[what]);
}

function effective(pod: Pod, { resources }: Container, status: ContainerStatus | undefined, what: What): Usage {
  const asked = listed(resources as Resources, what);
  if (!status?.resources) return asked;
  const actual = listed(status.resources as Resources, what);
  const allocated = what === 'requests' ? amountsOf(status.allocatedResources as ResourceList) : {};
  // A resize that the node can never make asks for nothing.
  return isInfeasible(pod) ? largest(actual, allocated) : largest(largest(asked, actual), allocated);
}

function isInfeasible({ status }: Pod): boolean {
  return status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason === 'Infeasible';
}

function isPodLevel(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

/** On top of every request, and of what is limited at all. */
function withOverhead(total: Usage, overhead: Usage, what: What): Usage {
  if (what === 'requests') return sum(total, overhead);
  return Object.fromEntries(
    Object.entries(total).map(([name, value]) => {
      const more = overhead[name];
      return [name, more && value.nanos !== 0n ? addQuantities(value, more) : value];
    }),
  );
}

/** By what the node said, else by what it asks: nothing of processor and memory. */
export function isBestEffort({ spec, status }: Pod): boolean {
  if (status?.qosClass) return status.qosClass === 'BestEffort';
  const asking = spec?.resources
    ? [spec.resources]
    : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ resources }) => resources);
  return asking.every((resources) => {
    const lists = [listed(resources as Resources, 'requests'), listed(resources as Resources, 'limits')];
    return lists.every(({ cpu, memory }) => !isPositive(cpu) && !isPositive(memory));
  });
}
