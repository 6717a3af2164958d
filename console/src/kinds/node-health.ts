import type { Node, Service } from '@berth/kube/objects';
import { conditionOf, conditionsOf, type Health, health, terminating } from './health.ts';

export function nodeHealth(node: Node): Health {
  const ready = conditionOf(node, 'Ready');
  const ending = terminating(node);
  if (ending) return ending;
  if (ready === undefined) return health('unknown');
  if (ready.status !== 'True') return health('failed', ready.reason ?? 'NotReady', ready.message);
  const pressure = conditionsOf(node).find((one) => one.type !== 'Ready' && one.status === 'True');
  if (pressure) return health('degraded', pressure.reason ?? pressure.type, pressure.message);
  if (node.spec?.unschedulable === true) return health('degraded', undefined, undefined, 'status.cordoned');
  return health('ok', undefined, undefined, 'status.ready');
}

/** The roles that a node's labels name, as `kubectl get nodes` lists them. */
export function rolesOf(node: Node): string[] {
  const prefix = 'node-role.kubernetes.io/';
  return Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith(prefix) && label.length > prefix.length)
    .map((label) => label.slice(prefix.length))
    .sort();
}

export function addressOf(node: Node, type: string): string | undefined {
  return node.status?.addresses?.find((address) => address.type === type)?.address;
}

/** Ports as `kubectl get services` writes them: `80:30080/TCP`. */
export function portsOf(service: Service): string {
  const ports = service.spec?.ports ?? [];
  return ports
    .map(({ port, nodePort, protocol = 'TCP' }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`)
    .join(', ');
}

export function externalOf(service: Service): string | undefined {
  const ingress = service.status?.loadBalancer?.ingress?.map((one) => one.hostname ?? one.ip) ?? [];
  const addresses = [...ingress, ...(service.spec?.externalIPs ?? [])].filter((one) => one !== undefined);
  if (service.spec?.type === 'ExternalName') return service.spec.externalName;
  return addresses.length > 0 ? addresses.join(', ') : undefined;
}

export function serviceHealth(service: Service): Health | undefined {
  const ending = terminating(service);
  if (ending) return ending;
  const pending = service.spec?.type === 'LoadBalancer' && externalOf(service) === undefined;
  return pending ? health('progressing', 'LoadBalancer') : undefined;
}
