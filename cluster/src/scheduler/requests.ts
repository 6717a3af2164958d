import type { Pod } from '@berth/kube/objects';
import { isPodLevel, wholeResources } from '@berth/kube/pods';
import { placementTerms } from './affinity-terms.ts';
import type { Amounts, HostPort, PodInfo } from './types.ts';

/** What a container that asks for nothing is taken to use, as in Kubernetes: a tenth of a core, 200 MB. */
const unasked: Amounts = { cpu: 100, memory: 200 * 1024 * 1024 };

/** What the scheduler needs to know of a pod, worked out once. */
export function podInfo(pod: Pod): PodInfo {
  const requests = wholeResources(pod, 'requests');
  const estimated = wholeResources(pod, 'requests', missingOf(pod, requests));
  return {
    pod,
    requests,
    estimated: { cpu: estimated.cpu ?? 0, memory: estimated.memory ?? 0 },
    hostPorts: hostPortsOf(pod),
    terms: placementTerms(pod),
    priority: pod.spec?.priority ?? 0,
  };
}

/** As `PodInfo.estimated`, from the containers alone: kube-scheduler compares the room on nodes so. */
export function estimateOfContainers({ pod, estimated }: PodInfo): PodInfo['estimated'] {
  if (!hasPodLevel(pod)) return estimated;
  const { resources: _, ...spec } = pod.spec ?? { containers: [] };
  const { cpu = 0, memory = 0 } = wholeResources({ ...pod, spec }, 'requests', unasked);
  return { cpu, memory };
}

/** What is assumed where nothing is said: where the pod as a whole says it, its containers need not. */
function missingOf(pod: Pod, requests: Amounts): Amounts {
  if (!hasPodLevel(pod)) return unasked;
  const missing = Object.entries(unasked).filter(([name]) => (requests[name] ?? 0) === 0);
  return Object.fromEntries(missing);
}

function hasPodLevel({ spec }: Pod): boolean {
  return Object.keys(spec?.resources?.requests ?? {}).some(isPodLevel);
}

/** Of containers and sidecars: the ports of other init containers are free again when the pod runs. */
export function hostPortsOf({ spec }: Pod): HostPort[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(spec?.containers ?? []), ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port: hostPort }] : [],
    ),
  );
}
