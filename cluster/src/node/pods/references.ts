import { type Informer, type KubeClient, startInformer } from '@berth/kube/client';
import { type KubeObject, type Pod, type Resource, resources } from '@berth/kube/objects';
import type { References } from './context.ts';

/**
 * Keeps each ConfigMap and Secret that a pod of this node refers to by a watch of its own, as kubelet does: a node sees
 * only what its pods need. `changed` is told the uids of the pods concerned.
 */
export function watchReferences(options: {
  client: KubeClient;
  signal: AbortSignal;
  changed(uids: readonly string[]): void;
}): References {
  interface Watched {
    informer: Informer;
    users: Set<string>;
    over: AbortController;
  }
  const watched = new Map<string, Watched>();

  async function get<T extends KubeObject>(resource: Resource<T>, pod: Pod, name: string): Promise<T | undefined> {
    const { namespace = '', uid = '' } = pod.metadata;
    const key = `${resource.resource}/${namespace}/${name}`;
    let found = watched.get(key);
    if (!found) {
      const over = new AbortController();
      options.signal.addEventListener('abort', () => over.abort(), { once: true, signal: over.signal });
      const informer = startInformer<T>({
        client: options.client,
        resource,
        namespace,
        fieldSelector: `metadata.name=${name}`,
        signal: over.signal,
      }) as unknown as Informer;
      const users = new Set<string>();
      found = { informer, users, over };
      watched.set(key, found);
      void informer.synced.then(() => {
        let told = false;
        informer.subscribe(() => {
          if (told) options.changed([...users]);
        });
        told = true;
      });
    }
    found.users.add(uid);
    await found.informer.synced;
    return found.informer.get({ namespace, name }) as T | undefined;
  }

  return {
    configMap: (pod, name) => get(resources.configMaps, pod, name),
    secret: (pod, name) => get(resources.secrets, pod, name),
    release(uid) {
      for (const [key, { users, over }] of watched) {
        users.delete(uid);
        if (users.size > 0) continue;
        over.abort();
        watched.delete(key);
      }
    },
  };
}
