import type { Pod } from '@berth/kube/objects';
import { isPodLevel } from '@berth/kube/pods';

/** What a quota on it asks of every container, by its name there: whether it is in the requests or the limits, and as what. */
const asked = new Map([
  ['cpu', ['requests', 'cpu']],
  ['memory', ['requests', 'memory']],
  ['requests.cpu', ['requests', 'cpu']],
  ['requests.memory', ['requests', 'memory']],
  ['limits.cpu', ['limits', 'cpu']],
  ['limits.memory', ['limits', 'memory']],
] as const);

/**
 * What the containers of a pod do not say of processor and memory though a quota counts it: `must specify limits.cpu for: a,b`.
 * Undefined when all is said, or said for the pod as a whole. Source: "Resource Quotas" of the Kubernetes documentation.
 */
export function missingResources({ spec }: Pod, names: readonly string[]): string | undefined {
  const whole = [...Object.keys(spec?.resources?.requests ?? {}), ...Object.keys(spec?.resources?.limits ?? {})];
  if (whole.some(isPodLevel)) return undefined;
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const missing: string[] = [];
  for (const name of [...asked.keys()].sort()) {
    const [list, resource] = asked.get(name) ?? [];
    if (!list || !names.includes(name)) continue;
    const silent = containers.filter(({ resources }) => resources?.[list]?.[resource] === undefined);
    if (silent.length > 0)
      missing.push(`${name} for: ${[...new Set(silent.map((each) => each.name))].sort().join(',')}`);
  }
  return missing.length > 0 ? `must specify ${missing.join('; ')}` : undefined;
}
