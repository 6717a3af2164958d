import { type Pod, resources, type Service } from '@berth/kube/objects';
import type { View } from '@berth/kube/reconcile';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { isReady, isTerminal } from '../pods/index.ts';

export interface ResolvedPort {
  name: string;
  port: number;
  protocol: 'TCP' | 'UDP' | 'SCTP';
  appProtocol?: string;
}

/** A pod behind a service: where it answers, and on which ports. */
export interface Backend {
  pod: Pod;
  address: string;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
  ports: ResolvedPort[];
}

/** Whether endpoints of the service are ours to keep: it selects pods, and is more than a name in the DNS. */
export function isOurs(service: Service): boolean {
  const { selector, type } = service.spec ?? {};
  return selector !== undefined && Object.keys(selector).length > 0 && type !== 'ExternalName';
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None';
}

/** The pods that the service selects and that have an address of the family, in the order of their names. */
export function backendsOf(service: Service, view: View, family: 'IPv4' | 'IPv6'): Backend[] {
  const { namespace = '' } = service.metadata;
  const selector = labelSelectorOf({ matchLabels: service.spec?.selector ?? {} });
  const publish = service.spec?.publishNotReadyAddresses === true;
  const backends: Backend[] = [];
  for (const pod of view.list(resources.pods, { namespace })) {
    if (isTerminal(pod) || !matchesLabels(selector, pod.metadata.labels)) continue;
    const address = addressOf(pod, family);
    if (address === undefined) continue;
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    const serving = isReady(pod);
    backends.push({
      pod,
      address,
      serving: publish || serving,
      ready: publish || (serving && !terminating),
      terminating,
      ports: portsOf(service, pod),
    });
  }
  return backends.sort((a, b) => (a.pod.metadata.name < b.pod.metadata.name ? -1 : 1));
}

function addressOf(pod: Pod, family: 'IPv4' | 'IPv6'): string | undefined {
  const { podIP, podIPs = [] } = pod.status ?? {};
  const addresses = podIPs.map((each) => each.ip);
  return [...addresses, podIP].find((each) => each !== undefined && each.includes(':') === (family === 'IPv6'));
}

/** The service's ports on this pod: a target port that is a name means the container port of that name. */
function portsOf(service: Service, pod: Pod): ResolvedPort[] {
  const ports: ResolvedPort[] = [];
  for (const { name = '', port, protocol = 'TCP', targetPort, appProtocol } of service.spec?.ports ?? []) {
    const target = typeof targetPort === 'string' ? named(pod, targetPort, protocol) : (targetPort ?? port);
    if (target === undefined) continue;
    ports.push({ name, port: target || port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) });
  }
  return ports;
}

function named(pod: Pod, name: string, protocol: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  // A sidecar that starts before the others may serve too.
  const sidecars = (pod.spec?.initContainers ?? []).filter((each) => each.restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = container.ports?.find((each) => each.name === name && (each.protocol ?? 'TCP') === protocol);
    if (found) return found.containerPort;
  }
  return undefined;
}
