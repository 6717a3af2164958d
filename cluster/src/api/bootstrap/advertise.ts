import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { apiVersionOf, type KubeObject, type Resource, resources } from '@berth/kube/objects';

const metadata = { name: 'kubernetes', namespace: 'default' };

/** Lets the service `kubernetes` lead to the API server at an IPv4 address that pods can reach. */
export async function advertise(
  client: KubeClient,
  { address, port }: { address: string; port: number },
): Promise<void> {
  const skipMirror = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
  await put(client, resources.endpoints as Resource, {
    metadata: { ...metadata, labels: skipMirror },
    subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  });
  await put(client, resources.endpointSlices as Resource, {
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  });
}

async function put(client: KubeClient, resource: Resource, object: Partial<KubeObject>): Promise<void> {
  const whole = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object } as KubeObject;
  try {
    await client.update(resource, whole);
  } catch (error) {
    if (!isBerthError(error, 'NotFound')) throw error;
    await client.create(resource, whole);
  }
}
