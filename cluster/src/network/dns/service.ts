import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type EndpointSlice, resources, type Service } from '@berth/kube/objects';
import type { Logger } from 'pino';
import type { AddressPlan } from '../addresses/index.ts';

const metadata = {
  name: 'kube-dns',
  namespace: 'kube-system',
  labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/name': 'CoreDNS' },
};

/** The objects by which the cluster's DNS is known: the service `kube-system/kube-dns` and its one endpoint. */
export function dnsObjects(plan: AddressPlan, port: number): { service: Service; slice: EndpointSlice } {
  const ports = [
    { name: 'dns', protocol: 'UDP' as const },
    { name: 'dns-tcp', protocol: 'TCP' as const },
  ];
  return {
    service: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        type: 'ClusterIP',
        clusterIP: plan.dnsAddress,
        clusterIPs: [plan.dnsAddress],
        ports: ports.map((entry) => ({ ...entry, port: 53, targetPort: port })),
      },
    },
    slice: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        ...metadata,
        labels: {
          ...metadata.labels,
          'kubernetes.io/service-name': metadata.name,
          'endpointslice.kubernetes.io/managed-by': 'network.berth.dev',
        },
      },
      addressType: 'IPv4',
      ports: ports.map((entry) => ({ ...entry, port })),
      endpoints: [{ addresses: [plan.hostAddress], conditions: { ready: true, serving: true, terminating: false } }],
    },
  };
}

/**
 * Creates what of them is missing, trying again until it is there or the signal is aborted. Names resolve without these
 * objects too: they are for those who look, and for clients that find the DNS by its service.
 */
export async function publishDnsService(options: {
  client: Pick<KubeClient, 'create'>;
  plan: AddressPlan;
  port: number;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { client, logger, signal } = options;
  const { service, slice } = dnsObjects(options.plan, options.port);
  for (let backoff = 100; !signal.aborted; backoff = Math.min(backoff * 2, 10_000)) {
    try {
      await createOnce(client.create(resources.services, service, { signal }));
      await createOnce(client.create(resources.endpointSlices, slice, { signal }));
      return;
    } catch (error) {
      if (signal.aborted) return;
      logger.debug({ err: error }, 'the service kube-dns could not be created yet');
      await delay(backoff, undefined, { signal }).catch(() => {});
    }
  }
}

async function createOnce(created: Promise<unknown>): Promise<void> {
  try {
    await created;
  } catch (error) {
    if (!isBerthError(error, 'AlreadyExists')) throw error;
  }
}
