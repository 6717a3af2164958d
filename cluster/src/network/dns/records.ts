import type { EndpointSlice, Service } from '@berth/kube/objects';
import { parseIpv4 } from '../addresses/ipv4.ts';

/** What the cluster's DNS knows of one namespace: the content of one file, by service name. */
export type NamespaceRecords = Record<string, ServiceRecords>;

export interface ServiceRecords {
  /** ClusterIPs. Absent for headless services and aliases. */
  addresses?: string[];
  /** Endpoints of a headless service. */
  endpoints?: EndpointRecord[];
  /** Named ports of a service with a ClusterIP. */
  ports?: PortRecord[];
  /** The target of an ExternalName service. */
  alias?: string;
}

export interface EndpointRecord {
  address: string;
  /** The pod's hostname, else its address with dashes. */
  name: string;
  ports: PortRecord[];
}

export interface PortRecord {
  name: string;
  /** `tcp`, `udp` or `sctp`. */
  protocol: string;
  port: number;
}

/** One service's records, by the Kubernetes DNS specification 1.1.0. Undefined for a service that has no address yet. */
export function serviceRecords(service: Service, slices: readonly EndpointSlice[]): ServiceRecords | undefined {
  const spec = service.spec;
  if (!spec) return undefined;
  if (spec.type === 'ExternalName')
    return spec.externalName ? { alias: spec.externalName.replace(/\.$/, '') } : undefined;
  if (spec.clusterIP === 'None') return { endpoints: endpointRecords(slices) };
  const candidates = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? ''];
  const addresses = candidates.filter((address) => parseIpv4(address) !== undefined);
  if (addresses.length === 0) return undefined;
  return { addresses, ports: portRecords(spec.ports ?? []) };
}

/** An endpoint is published when it is ready; the slice says so of all when `publishNotReadyAddresses` is set. */
function endpointRecords(slices: readonly EndpointSlice[]): EndpointRecord[] {
  const found = new Map<string, EndpointRecord>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const ports = portRecords(slice.ports ?? []);
    for (const { addresses, conditions, hostname } of slice.endpoints ?? []) {
      if (conditions?.ready === false) continue;
      for (const address of addresses) {
        if (parseIpv4(address) === undefined) continue;
        const name = hostname?.toLowerCase() || address.replaceAll('.', '-');
        const known = found.get(`${name}/${address}`);
        if (known) known.ports.push(...ports);
        else found.set(`${name}/${address}`, { address, name, ports: [...ports] });
      }
    }
  }
  return [...found.values()];
}

function portRecords(ports: readonly { name?: string; protocol?: string; port?: number }[]): PortRecord[] {
  return ports.flatMap(({ name, protocol = 'TCP', port }) =>
    name && port ? [{ name: name.toLowerCase(), protocol: protocol.toLowerCase(), port }] : [],
  );
}
