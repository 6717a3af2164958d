import type { EndpointSlice, Service } from '@berth/kube/objects';

type Spec = NonNullable<Service['spec']>;
type Conditions = { ready?: boolean; serving?: boolean; terminating?: boolean };

/** Builds a service for tests and benchmarks. */
export function aService(name: string, spec: Spec, status: Service['status'] = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop', resourceVersion: '1' },
    spec,
    status,
  };
}

/** Builds the slice that belongs to `aService(service)`. */
export function aSlice(
  service: string,
  ports: readonly { name?: string; port: number; protocol?: 'TCP' | 'UDP' | 'SCTP' }[],
  endpoints: readonly (string | { address: string; hostname?: string; conditions: Conditions })[],
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-1`,
      namespace: 'shop',
      resourceVersion: '1',
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    ports: ports.map((port) => ({ protocol: 'TCP', ...port })),
    endpoints: endpoints.map((endpoint) => {
      if (typeof endpoint === 'string') return { addresses: [endpoint], conditions: { ready: true } };
      const { address, ...rest } = endpoint;
      return { addresses: [address], ...rest };
    }),
  };
}
