import { BlockList, isIP } from 'node:net';
import { badRequest } from '../faults.ts';

/** `name`, `name:port` or `scheme:name:port`, as the names of proxied pods, services and nodes are written. */
export interface ProxiedName {
  scheme: 'http' | 'https';
  name: string;
  /** A number or a name; '' when it is not said. */
  port: string;
}

/** Throws `BadRequest` for what is no such name. Source: `SplitSchemeNamePort` of apimachinery. */
export function proxiedName(text: string, what: 'pod' | 'service' | 'node'): ProxiedName {
  const parts = text.split(':');
  const [scheme, name, port] = parts.length === 3 ? parts : ['', parts[0], parts[1] ?? ''];
  const isScheme = scheme === '' || scheme === 'http' || scheme === 'https';
  if (parts.length > 3 || !isScheme || !name) throw badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port: port ?? '' };
}

const special = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 32],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['255.255.255.255', 32],
] as const) {
  special.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  special.addSubnet(network, prefix, 'ipv6');
}

/**
 * Throws `BadRequest` for an address that no pod can have: of the server itself, of one link, of many. Whoever can write
 * a status or an EndpointSlice must not reach those through the server.
 */
export function checkProxyable(address: string | undefined): asserts address is string {
  const version = isIP(address ?? '');
  if (address === undefined || version === 0) throw badRequest('address not allowed');
  if (special.check(address, version === 4 ? 'ipv4' : 'ipv6')) throw badRequest('address not allowed');
}
