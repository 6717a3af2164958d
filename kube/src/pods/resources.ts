import type { Container, ContainerStatus, Pod } from '../objects/index.ts';

export type ResourceList = Readonly<Record<string, string | number>>;

/** How amounts by the name of their resource are read and reckoned. */
export interface PodArithmetic<Amounts> {
  read(list: ResourceList | undefined): Amounts;
  plus(a: Amounts, b: Amounts): Amounts;
  /** The larger of the two by each name. */
  most(a: Amounts, b: Amounts): Amounts;
}

/**
 * What a pod asks for, the runtime's overhead apart: the sum of its containers or the largest init container where that is more, sidecars from
 * where they start, and the pod's own figures in their place. A container that is being resized counts with the larger of what it has and asks.
 * `missing`: what containers are taken to ask for of which they say nothing.
 * Source: KEP-753 "Resources calculation for scheduling", KEP-1287, KEP-2837.
 */
export function podResources<Amounts extends object>(
  pod: Pod,
  what: 'requests' | 'limits',
  { read, plus, most }: PodArithmetic<Amounts>,
  missing?: Amounts,
): Amounts {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const statuses = new Map([...containerStatuses, ...initContainerStatuses].map((status) => [status.name, status]));
  const infeasible = isInfeasible(pod);
  const effective = (asked: Amounts, status: ContainerStatus): Amounts => {
    const actual = read(status.resources?.[what]);
    const allocated = read(what === 'requests' ? status.allocatedResources : undefined);
    return infeasible ? most(actual, allocated) : most(most(asked, actual), allocated);
  };
  const of = ({ name, resources }: Container, resizable: boolean): Amounts => {
    const asked = read(resources?.[what]);
    const status = resizable ? statuses.get(name) : undefined;
    const counted = status?.resources ? effective(asked, status) : asked;
    return missing ? { ...missing, ...counted } : counted;
  };

  const none = read(undefined);
  const { containers = [], initContainers = [], resources } = pod.spec ?? {};
  let running = containers.map((container) => of(container, true)).reduce(plus, none);
  let sidecars = none;
  let starting = none;
  for (const container of initContainers) {
    if (container.restartPolicy === 'Always') {
      const asked = of(container, true);
      running = plus(running, asked);
      sidecars = plus(sidecars, asked);
      starting = most(starting, sidecars);
    } else starting = most(starting, plus(of(container, false), sidecars));
  }
  const own = Object.entries(read(resources?.[what])).filter(([name]) => isPodLevel(name));
  return { ...most(running, starting), ...Object.fromEntries(own) };
}

/** Whether a pod as a whole can ask for the resource. */
export function isPodLevel(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

/** A resize that the node can never make asks for nothing. */
export function isInfeasible({ status }: Pod): boolean {
  return status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason === 'Infeasible';
}
