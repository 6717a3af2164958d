import { formatIpv4 } from '../addresses/index.ts';
import { parseRoutes } from '../addresses/occupied.ts';
import { here } from './place.ts';

/**
 * Lets connections from 127.0.0.1 of this machine leave over the links of these pods, so that `127.0.0.1:nodePort`
 * works. Only our pods' own links are changed, never the machine's default; the table's guard keeps 127/8 off those
 * links in both directions. An address without a link of its own (a host-network pod) needs nothing.
 */
export async function openLoopback(addresses: ReadonlySet<string>, place = here, uplink?: string): Promise<void> {
  if (addresses.size === 0) return;
  // Pods of other nodes are behind it.
  if (uplink) await place.write(`/proc/sys/net/ipv4/conf/${uplink}/route_localnet`, '1').catch(ignoreGone);
  const routes = parseRoutes(await place.read('/proc/net/route'));
  for (const { range, link } of routes) {
    if (range.prefix !== 32 || !link?.startsWith('veth') || !addresses.has(formatIpv4(range.base))) continue;
    await place.write(`/proc/sys/net/ipv4/conf/${link}/route_localnet`, '1').catch(ignoreGone);
  }
}

/** The pod went while we were looking. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof Error && /ENOENT|No such file/.test(error.message))) throw error;
}
