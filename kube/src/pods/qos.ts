import type { Pod } from '../objects/index.ts';
import { parseQuantity } from '../quantity/index.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** What the pod's status says, which never changes, else what its spec makes of it. */
export function qosOf(pod: Pick<Pod, 'spec' | 'status'>): QosClass {
  return (pod.status?.qosClass as QosClass | undefined) || qosClassOf(pod);
}

/**
 * The quality of service by a pod's spec: Guaranteed when every container limits CPU and memory and requests as much, BestEffort when none
 * asks for either, Burstable otherwise. Where the pod as a whole says what it needs, that alone counts. Nothing but CPU and memory does.
 * Source: "Pod Quality of Service Classes" of the Kubernetes documentation, KEP-2837.
 */
export function qosClassOf({ spec }: Pick<Pod, 'spec'>): QosClass {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const demands = spec?.resources ? [spec.resources] : containers.map(({ resources }) => resources);
  let asked = false;
  let guaranteed = true;
  for (const resources of demands) {
    for (const name of ['cpu', 'memory']) {
      const request = nanosOf(resources?.requests?.[name]);
      const limit = nanosOf(resources?.limits?.[name]);
      if (request > 0n || limit > 0n) asked = true;
      if (limit === 0n || request !== limit) guaranteed = false;
    }
  }
  if (!asked) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function nanosOf(quantity: unknown): bigint {
  return typeof quantity === 'string' || typeof quantity === 'number' ? parseQuantity(quantity).nanos : 0n;
}
