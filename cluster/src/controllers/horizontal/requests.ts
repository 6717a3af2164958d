import type { Pod } from '@berth/kube/objects';
import { cpuMillis } from '@berth/kube/quantity';
import { MetricsError } from './problem.ts';

/** What each pod, or one container of it, requests of a resource, in thousandths. Throws for one that requests nothing. */
export function requestsOf(pods: readonly Pod[], resource: string, container?: string): Map<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name, requestOf(pod, resource, container)]));
}

function requestOf(pod: Pod, resource: string, container?: string): number {
  const { name } = pod.metadata;
  const { containers = [], initContainers = [], resources } = pod.spec ?? {};
  const ofPod = (resources as { requests?: Record<string, string | number> } | undefined)?.requests;
  if (container === undefined && ofPod && Object.keys(ofPod).length > 0 && ofPod[resource] !== undefined) {
    return cpuMillis(ofPod[resource]);
  }
  const running = [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')];
  const counted = container === undefined ? running : running.filter((each) => each.name === container);
  if (container !== undefined && counted.length === 0) {
    throw new MetricsError(`container ${container} not found in Pod ${name}`);
  }
  return counted.reduce((total, { name: own, resources: needs }) => {
    const request = needs?.requests?.[resource];
    if (request === undefined)
      throw new MetricsError(`missing request for ${resource} in container ${own} of Pod ${name}`);
    return total + cpuMillis(request);
  }, 0);
}
