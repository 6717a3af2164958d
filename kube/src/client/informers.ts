import type { KubeObject, Resource, ResourceRef } from '../objects/index.ts';
import type { Clock } from './clock.ts';
import { type Informer, startInformer } from './informer.ts';
import type { KubeClient } from './types.ts';

/** One informer for each resource, shared by all who ask; begun when it is first asked for. */
export interface Informers {
  of<T extends KubeObject>(resource: Resource<T>): Informer<T>;
  /** The informer when somebody asked for it before. */
  find<T extends KubeObject>(resource: Resource<T>): Informer<T> | undefined;
  /** Ends the informer of a resource that is served no longer. */
  forget(resource: ResourceRef): void;
  /** Resolves when all that were asked for up to now have their first list. */
  synced(): Promise<void>;
}

export function sharedInformers(options: {
  client: Pick<KubeClient, 'list' | 'watch'>;
  signal: AbortSignal;
  clock?: Clock;
  onError?(error: unknown, resource: ResourceRef): void;
}): Informers {
  const { onError, ...rest } = options;
  const informers = new Map<string, Informer>();
  const endings = new Map<string, AbortController>();

  function find<T extends KubeObject>(resource: Resource<T>): Informer<T> | undefined {
    // What is kept under a resource's name holds that resource's objects.
    return informers.get(nameOf(resource)) as Informer<T> | undefined;
  }

  return {
    find,
    of<T extends KubeObject>(resource: Resource<T>): Informer<T> {
      const found = find(resource);
      if (found) return found;
      const ending = new AbortController();
      const signal = AbortSignal.any([rest.signal, ending.signal]);
      const informer = startInformer<T>({ ...rest, signal, resource, onError: (error) => onError?.(error, resource) });
      informers.set(nameOf(resource), informer as unknown as Informer);
      endings.set(nameOf(resource), ending);
      return informer;
    },
    forget(resource) {
      const name = nameOf(resource);
      endings.get(name)?.abort();
      endings.delete(name);
      informers.delete(name);
    },
    async synced() {
      await Promise.all([...informers.values()].map((informer) => informer.synced));
    },
  };
}

function nameOf(resource: ResourceRef): string {
  return `${resource.group}/${resource.version}/${resource.resource}`;
}
