import type { Container, Pod } from '@berth/kube/objects';
import { compareQuantities } from '@berth/kube/quantity';

export type Resources = NonNullable<Container['resources']>;
export type Resource = 'cpu' | 'memory';
export type Amount = 'requests' | 'limits';

/** In the order in which they are changed. */
export const resizable: readonly Resource[] = ['memory', 'cpu'];
export const kinds: readonly Amount[] = ['requests', 'limits'];

/** One amount of a container's resources: `400m`, `1Gi`; 0 where nothing is said. */
export const amountOf = (of: Resources | undefined, kind: Amount, name: Resource): string | number =>
  (of?.[kind] as Record<string, string | number> | undefined)?.[name] ?? 0;

/** Containers whose resources may change while they run: all but init containers that end. */
export const resizableContainers = ({ spec }: Pod): Container[] => [
  ...(spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ...(spec?.containers ?? []),
];

/** Whether both give as much processor and memory. */
export const sameAmounts = (a: Resources | undefined, b: Resources | undefined, names = resizable): boolean =>
  names.every((name) => kinds.every((kind) => isEqual(amountOf(a, kind, name), amountOf(b, kind, name))));

const isEqual = (a: string | number, b: string | number): boolean => a === b || compareQuantities(a, b) === 0;

/** The pod with other resources for the containers of which some are given, by name; the same one where nothing changes. */
export function withResources(pod: Pod, given: ReadonlyMap<string, Resources>): Pod {
  const { spec } = pod;
  if (!spec) return pod;
  const change = (container: Container): Container => {
    const resources = given.get(container.name);
    return resources === undefined || sameAmounts(resources, container.resources)
      ? container
      : { ...container, resources };
  };
  const { containers, initContainers } = spec;
  const changed = { ...spec, containers: containers.map(change) };
  if (initContainers) changed.initContainers = initContainers.map(change);
  const all = [...containers, ...(initContainers ?? [])];
  const now = [...changed.containers, ...(changed.initContainers ?? [])];
  return all.every((container, index) => container === now[index]) ? pod : { ...pod, spec: changed };
}

/** What the pod's own specification gives each of its resizable containers. */
export const resourcesOf = (pod: Pod): Map<string, Resources> =>
  new Map(resizableContainers(pod).map(({ name, resources }) => [name, resources ?? {}]));
