import { BerthError } from '@berth/kube/errors';
import { formatIpv4, type Ipv4Range, parseRange } from './ipv4.ts';

/** How the addresses of one instance, a /16, are used. Every value is text as Kubernetes writes it. */
export interface AddressPlan {
  /** The whole: `10.N.0.0/16`. */
  range: string;
  /** Pods of all nodes: the lower half. */
  podRange: string;
  /** ClusterIPs: the upper half. */
  serviceRange: string;
  /** ClusterIP of `default/kubernetes`. */
  kubernetesAddress: string;
  /** ClusterIP of the cluster's DNS. */
  dnsAddress: string;
  /** The host's own address towards pods: what the API server and the DNS process listen on. Never given to a pod. */
  hostAddress: string;
}

/** Nodes beyond this have no /24 left: the last one of the pods' half is the host's. */
export const maximumNodes = 127;

/** The plan for `10.N.0.0/16`. Throws `BadRequest` for anything that is not a /16. */
export function planAddresses(range: string): AddressPlan {
  const base = sixteen(range).base;
  const at = (offset: number) => formatIpv4(base + offset);
  return {
    range: `${at(0)}/16`,
    podRange: `${at(0)}/17`,
    serviceRange: `${at(0x8000)}/17`,
    kubernetesAddress: at(0x8001),
    dnsAddress: at(0x800a),
    hostAddress: at(0x7f01),
  };
}

/**
 * The pods' range of the node with this index (0 to 126), its gateway, the address behind every pod's link, and the address that the node
 * has when its network is not the host's own.
 */
export function planNode(range: string, index: number): { podRange: string; gateway: string; address: string } {
  if (!Number.isInteger(index) || index < 0 || index >= maximumNodes) {
    throw new BerthError('BadRequest', `node index ${index} is outside of 0 to ${maximumNodes - 1}`);
  }
  const whole = sixteen(range).base;
  const base = whole + index * 256;
  return {
    podRange: `${formatIpv4(base)}/24`,
    gateway: formatIpv4(base + 1),
    address: formatIpv4(whole + 0x7f02 + index),
  };
}

function sixteen(range: string): Ipv4Range {
  const parsed = parseRange(range);
  if (parsed?.prefix !== 16)
    throw new BerthError('BadRequest', `"${range}" is not an IPv4 range of the form 10.N.0.0/16`);
  return parsed;
}
