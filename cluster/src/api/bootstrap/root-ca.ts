import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { resources } from '@berth/kube/objects';
import type { Logger } from 'pino';
import { resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';

const name = 'kube-root-ca.crt';
const prefix = resourcePrefix('', 'namespaces');

/** Keeps a ConfigMap with the cluster's authority in every namespace: pods trust the API server by it. */
export function publishRootCa(
  storage: ObjectStorage,
  client: KubeClient,
  { clusterCa, logger }: { clusterCa: string; logger: Logger },
): () => void {
  const publish = async (namespace: string) => {
    try {
      const metadata = { name, namespace };
      await client.create(resources.configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata,
        data: { 'ca.crt': clusterCa },
      });
    } catch (error) {
      // There already, or the namespace is on its way out.
      if (isBerthError(error, 'AlreadyExists') || isBerthError(error, 'Forbidden') || isBerthError(error, 'NotFound'))
        return;
      logger.warn({ err: error, namespace }, 'the authority could not be published to a namespace');
    }
  };
  for (const { object } of storage.list(prefix)) void publish(object.metadata.name);
  return storage.listen(prefix, (event) => {
    if (event.type === 'put' && !event.previous) void publish(event.object.object.metadata.name);
  });
}
