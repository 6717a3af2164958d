/**
 * What one owner (a service, a pod with host ports, the cluster's DNS) wants in the instance's table. Pure data: the
 * difference to what is there becomes one nftables transaction.
 */
export interface Rules {
  /** Elements of the shared maps and sets by `elementId`; the value is the data of a map, '' in a set. */
  elements: ReadonlyMap<string, string>;
  /** Chains of its own, by name, as lists of rules. */
  chains: ReadonlyMap<string, readonly string[]>;
  /** Maps client → endpoint of its own for session affinity, by name. */
  memories: ReadonlyMap<string, Memory>;
  /** Rules that remember which endpoint a client of a node port got. */
  nodePortMemories: readonly string[];
  /** UDP flows that conntrack may hold on to: `address port endpointAddress`; address '' for a node port. */
  flows: ReadonlySet<string>;
  /** Endpoints that 127.0.0.1 of the host must reach. */
  loopback: ReadonlySet<string>;
}

export interface Memory {
  /** For how long a client that stays away is remembered. */
  seconds: number;
  /** The endpoints that may be remembered, as `address . port`. */
  endpoints: readonly string[];
}

export type Protocol = 'tcp' | 'udp' | 'sctp';
export type EndpointMap = `${'endpoints' | 'nodeport-endpoints'}-${Protocol}`;
export type ElementSet = 'services' | 'nodeports' | EndpointMap | 'hairpin' | 'sticky';

export function elementId(set: ElementSet, ...key: readonly (string | number)[]): string {
  return `${set} ${key.join(' . ')}`;
}

export function splitElementId(id: string): { set: string; key: string } {
  const space = id.indexOf(' ');
  return { set: id.slice(0, space), key: id.slice(space + 1) };
}

/** Collects rules; a later element of the same key replaces an earlier one. */
export class RulesBuilder implements Rules {
  readonly elements = new Map<string, string>();
  readonly chains = new Map<string, readonly string[]>();
  readonly memories = new Map<string, Memory>();
  readonly nodePortMemories: string[] = [];
  readonly flows = new Set<string>();
  readonly loopback = new Set<string>();

  element(set: ElementSet, key: readonly (string | number)[], data = ''): void {
    this.elements.set(elementId(set, ...key), data);
  }
}
