import { createHash } from 'node:crypto';
import { type EndpointSlice, keyOf, type Pod, type Service } from '@berth/kube/objects';
import { contains, type Ipv4Range, parseIpv4 } from '../addresses/ipv4.ts';
import { type Endpoint, endpointsOf, isPort } from './endpoints.ts';
import { type EndpointMap, type Protocol, type Rules, RulesBuilder } from './rules.ts';

/** How a key of the shared maps begins and where its endpoints stand. */
interface Entrance {
  map: 'services' | 'nodeports';
  endpoints: EndpointMap;
  protocol: Protocol;
  port: number;
  /** Absent for a port of every address of the host. */
  address?: string;
}

const protocols: Record<string, Protocol> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };
/** Kubernetes' default of `sessionAffinityConfig.clientIP.timeoutSeconds`. */
const defaultAffinitySeconds = 10_800;

/**
 * The rules of one service. A service without usable endpoints has none: connections to its ClusterIP meet the
 * table's closing reject, those to its node port a closed port.
 */
export function computeService(service: Service, slices: readonly EndpointSlice[], pods: Ipv4Range): Rules {
  const rules = new RulesBuilder();
  const spec = service.spec;
  if (!spec || spec.type === 'ExternalName') return rules;
  const addresses = serviceAddresses(service);
  for (const port of spec.ports ?? []) {
    const protocol = protocols[port.protocol ?? 'TCP'];
    const endpoints = endpointsOf(port, slices);
    if (!protocol || !isPort(port.port) || endpoints.length === 0) continue;
    const entrances = addresses.map((address) => addressEntrance(address, protocol, port.port));
    const nodePort = spec.type === 'NodePort' || spec.type === 'LoadBalancer' ? port.nodePort : undefined;
    if (isPort(nodePort)) entrances.push(nodePortEntrance(protocol, nodePort));
    if (entrances.length === 0) continue;

    const affinity = spec.sessionAffinity === 'ClientIP';
    const memory = affinity ? `aff-${hash(`${keyOf(service)}/${port.name ?? ''}/${protocol}`)}` : undefined;
    if (memory) {
      rules.memories.set(memory, {
        seconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds,
        endpoints: endpoints.map(({ address, port: number }) => `${address} . ${number}`),
      });
    }
    for (const entrance of entrances) enter(rules, entrance, { endpoints, memory });
    hairpins(rules, endpoints, pods);
    if (memory) remember(rules, { memory, protocol, addresses, service, port: port.port, nodePort });
  }
  return rules;
}

/** The rules of a pod's host ports: each leads to this one pod, from everywhere or for one address of the host. */
export function computePod(pod: Pod, pods: Ipv4Range): Rules {
  const rules = new RulesBuilder();
  const address = pod.status?.podIP;
  if (!address || parseIpv4(address) === undefined || pod.spec?.hostNetwork || isOver(pod)) return rules;
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    for (const port of container.ports ?? []) {
      const protocol = protocols[port.protocol ?? 'TCP'];
      if (!protocol || !isPort(port.hostPort) || !isPort(port.containerPort)) continue;
      const anywhere = !port.hostIP || port.hostIP === '0.0.0.0';
      if (!anywhere && parseIpv4(port.hostIP ?? '') === undefined) continue;
      const entrance = anywhere
        ? nodePortEntrance(protocol, port.hostPort)
        : addressEntrance(port.hostIP ?? '', protocol, port.hostPort);
      const endpoints = [{ address, port: port.containerPort }];
      enter(rules, entrance, { endpoints });
      rules.loopback.add(address);
      hairpins(rules, endpoints, pods);
    }
  }
  return rules;
}

/** Rules that lead `address:port` to one endpoint: how the cluster's DNS is reached before any object exists. */
export function computeFixed(
  entrances: readonly { address: string; port: number; protocol: Protocol; endpoint: Endpoint }[],
): Rules {
  const rules = new RulesBuilder();
  for (const { address, port, protocol, endpoint } of entrances) {
    enter(rules, addressEntrance(address, protocol, port), { endpoints: [endpoint] });
  }
  return rules;
}

function serviceAddresses({ spec, status }: Service): string[] {
  const cluster = spec?.clusterIPs?.length ? spec.clusterIPs : [spec?.clusterIP ?? ''];
  const balancers = (status?.loadBalancer?.ingress ?? []).map((ingress) => ingress.ip ?? '');
  const all = [...cluster, ...(spec?.externalIPs ?? []), ...balancers];
  return [...new Set(all)].filter((address) => parseIpv4(address) !== undefined);
}

function addressEntrance(address: string, protocol: Protocol, port: number): Entrance {
  return { map: 'services', endpoints: `endpoints-${protocol}`, protocol, port, address };
}

function nodePortEntrance(protocol: Protocol, port: number): Entrance {
  return { map: 'nodeports', endpoints: `nodeport-endpoints-${protocol}`, protocol, port };
}

function enter(
  rules: RulesBuilder,
  entrance: Entrance,
  to: { endpoints: readonly Endpoint[]; memory?: string | undefined },
): void {
  const { address, protocol, port } = entrance;
  const kind = address === undefined ? 'np' : 'lb';
  const prefix = address === undefined ? [] : [address];
  let chain = `${kind}-${to.endpoints.length}`;
  if (to.memory) {
    const own = `${to.memory}-${kind}`;
    rules.chains.set(own, [`meta l4proto ${protocol} dnat ip to ip saddr map @${to.memory}`, `goto ${chain}`]);
    chain = own;
  }
  rules.element(entrance.map, [...prefix, protocol, port], `goto ${chain}`);
  for (const [index, endpoint] of to.endpoints.entries()) {
    rules.element(entrance.endpoints, [...prefix, port, index], `${endpoint.address} . ${endpoint.port}`);
    if (protocol === 'udp') rules.flows.add(`${address ?? ''} ${port} ${endpoint.address}`);
    if (kind === 'np') rules.loopback.add(endpoint.address);
  }
}

/** A pod that reaches itself through a service must see another source than its own address, else it drops the packet. */
function hairpins(rules: RulesBuilder, endpoints: readonly Endpoint[], pods: Ipv4Range): void {
  for (const { address } of endpoints) {
    if (contains(pods, parseIpv4(address) ?? 0)) rules.element('hairpin', [address, address]);
  }
}

/**
 * After the choice is made, the client's endpoint is written down: in the forward and output hooks, where the address
 * is the endpoint's already and conntrack still knows where the client wanted to go.
 */
function remember(
  rules: RulesBuilder,
  sticky: {
    memory: string;
    protocol: string;
    addresses: readonly string[];
    service: Service;
    port: number;
    nodePort: number | undefined;
  },
): void {
  const { memory, protocol } = sticky;
  const update = `update @${memory} { ip saddr : ip daddr . th dport }`;
  const chain = `stick-${hash(`${keyOf(sticky.service)}/${protocol}`)}`;
  const rule = `meta l4proto ${protocol} ct original proto-dst ${sticky.port} ${update}`;
  rules.chains.set(chain, [...(rules.chains.get(chain) ?? []), rule]);
  for (const address of sticky.addresses) rules.element('sticky', [address, protocol], `goto ${chain}`);
  if (isPort(sticky.nodePort)) {
    rules.nodePortMemories.push(`meta l4proto ${protocol} ct original proto-dst ${sticky.nodePort} ${update}`);
  }
}

function isOver(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}
