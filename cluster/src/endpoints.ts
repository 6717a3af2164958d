import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type EndpointSlice, type Endpoints, type KubeObject, type Resource, resources } from '@berth/kube/objects';

/** Says where the service `kubernetes` leads: the API server, at an address that pods can reach. */
export async function publishApiEndpoints(client: KubeClient, at: { address: string; port: number }): Promise<void> {
  const metadata = { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } };
  const ports = [{ name: 'https', port: at.port, protocol: 'TCP' as const }];
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: 'IPv4',
    endpoints: [{ addresses: [at.address], conditions: { ready: true } }],
    ports,
  };
  const endpoints: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip: at.address }], ports }],
  };
  await Promise.all([put(client, resources.endpointSlices, slice), put(client, resources.endpoints, endpoints)]);
}

async function put<T extends KubeObject>(client: KubeClient, resource: Resource<T>, object: T): Promise<void> {
  try {
    await client.create(resource, object);
  } catch (error) {
    if (!isBerthError(error, 'AlreadyExists')) throw error;
    await client.update(resource, object);
  }
}
