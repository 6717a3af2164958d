import type { EndpointSlice, Service } from '@berth/kube/objects';
import { parseIpv4 } from '../addresses/index.ts';

export interface Endpoint {
  address: string;
  port: number;
}

type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

/**
 * The endpoints that take connections to a service's port: the ready ones, else those that are going down but still
 * serve (KEP-1669), else none. Sorted and without duplicates; addresses that are no IPv4 are left out.
 */
export function endpointsOf(port: ServicePort, slices: readonly EndpointSlice[]): Endpoint[] {
  const ready = new Map<string, Endpoint>();
  const terminating = new Map<string, Endpoint>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const number = slice.ports?.find((candidate) => (candidate.name ?? '') === (port.name ?? ''))?.port;
    if (!isPort(number)) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const into =
        conditions?.ready !== false
          ? ready
          : conditions.serving === true && conditions.terminating === true
            ? terminating
            : undefined;
      for (const address of into ? addresses : []) {
        if (parseIpv4(address) === undefined) continue;
        into?.set(`${address}:${number}`, { address, port: number });
      }
    }
  }
  const chosen = ready.size > 0 ? ready : terminating;
  return [...chosen.keys()].sort().flatMap((key) => chosen.get(key) ?? []);
}

export function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}
