import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type ConfigMap, resources } from '@berth/kube/objects';
import type { Logger } from 'pino';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';

const name = 'kube-root-ca.crt';
const prefix = resourcePrefix('', 'namespaces');

const configMaps = resourcePrefix('', 'configmaps');

/**
 * Keeps a ConfigMap with the cluster's authority in every namespace, whatever is done to it: pods trust the API server by it. Those of another
 * authority, which the store may have from before, are put right as well.
 */
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
  const restore = async (namespace: string) => {
    try {
      await client.patch(
        resources.configMaps,
        { namespace, name },
        { type: 'json', body: [{ op: 'add', path: '/data', value: { 'ca.crt': clusterCa } }] },
      );
    } catch (error) {
      if (!isBerthError(error, 'NotFound'))
        logger.warn({ err: error, namespace }, 'the authority could not be restored');
    }
  };
  for (const { object } of storage.list(prefix)) {
    const namespace = object.metadata.name;
    const kept = storage.get(objectKey(configMaps, namespace, name))?.object as ConfigMap | undefined;
    if (!kept) void publish(namespace);
    else if (!holdsOnly(kept.data, clusterCa)) void restore(namespace);
  }
  const stopListening = [
    storage.listen(prefix, (event) => {
      if (event.type === 'put' && !event.previous) void publish(event.object.object.metadata.name);
    }),
    storage.listen(configMaps, (event) => {
      // By the key, since objects of other names may be large to read.
      if (!event.object.key.endsWith(`/${name}`)) return;
      const { object } = event.object;
      const { namespace } = object.metadata;
      if (namespace === undefined) return;
      if (event.type === 'delete') void publish(namespace);
      else if (!holdsOnly((object as ConfigMap).data, clusterCa)) void restore(namespace);
    }),
  ];
  return () => {
    for (const stop of stopListening) stop();
  };
}

function holdsOnly(data: ConfigMap['data'], ca: string): boolean {
  return data?.['ca.crt'] === ca && Object.keys(data).length === 1;
}
