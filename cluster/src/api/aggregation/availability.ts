import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { ApiService } from './api-service.ts';

export interface Verdict {
  status: 'True' | 'False';
  reason: string;
  message: string;
}

interface Service {
  spec?: { type?: string; ports?: readonly { name?: string; port: number }[] };
}

interface Slice {
  metadata: { labels?: Readonly<Record<string, string>> };
  endpoints?: readonly { addresses: readonly string[]; conditions?: { ready?: boolean } }[];
  ports?: readonly { name?: string; port?: number }[];
}

const services = resourcePrefix('', 'services');
const slices = resourcePrefix('discovery.k8s.io', 'endpointslices');

export const passed: Verdict = { status: 'True', reason: 'Passed', message: 'all checks passed' };

export function failedDiscovery(url: string, why: string): Verdict {
  const message = `failing or missing response from ${url}: ${why}`;
  return { status: 'False', reason: 'FailedDiscoveryCheck', message };
}

/** What the cluster's own objects say against an aggregated API; undefined when it is worth asking it. */
export function obstacleTo({ spec }: ApiService, storage: ObjectStorage): Verdict | undefined {
  if (!spec.service) return undefined;
  const { namespace, name, port: number = 443 } = spec.service;
  const refused = (reason: string, message: string): Verdict => ({ status: 'False', reason, message });
  const stored = storage.get(objectKey(services, namespace, name));
  if (!stored) return refused('ServiceNotFound', `service/${name} in "${namespace}" is not present`);
  const service = stored.object as unknown as Service;
  if (service.spec?.type === 'ExternalName') return undefined;
  const port = service.spec?.ports?.find((one) => one.port === number);
  if (!port) {
    return refused('ServicePortError', `service/${name} in "${namespace}" is not listening on port ${number}`);
  }
  const own = storage
    .list(`${slices}${namespace}/`)
    .map(({ object }) => object as unknown as Slice)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
  if (own.length === 0) {
    return refused('EndpointsNotFound', `cannot find endpointslices for service/${name} in "${namespace}"`);
  }
  const portName = port.name ?? '';
  const isReachable = own.some(
    ({ endpoints = [], ports = [] }) =>
      ports.some((one) => (one.name ?? '') === portName) &&
      endpoints.some(({ conditions }) => conditions?.ready !== false),
  );
  if (isReachable) return undefined;
  const message = `endpoints for service/${name} in "${namespace}" have no addresses with port name "${portName}"`;
  return refused('MissingEndpoints', message);
}
