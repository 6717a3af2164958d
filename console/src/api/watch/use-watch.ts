import type { KubeObject, Resource } from '@berth/kube/objects';
import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import type { Scope, ServedResource } from '../resource.ts';
import type { Snapshot } from './cache.ts';
import type { WatchHub } from './hub.ts';

export const HubContext = createContext<WatchHub | undefined>(undefined);

export function useHub(): WatchHub {
  const hub = useContext(HubContext);
  if (hub === undefined) throw new Error('no watch hub above this component');
  return hub;
}

/** The live state of a collection (or of one object of it). The type is the resource's; the cluster vouches for it. */
export function useWatch<T extends KubeObject = KubeObject>(
  resource: Resource<T> | ServedResource,
  scope: Scope = {},
): Snapshot<T> {
  const hub = useHub();
  const { namespace, name } = scope;
  const subscribe = useCallback(
    (listener: () => void) => hub.subscribe(resource, { namespace, name }, listener),
    [hub, resource, namespace, name],
  );
  const snapshot = useCallback(() => hub.snapshot(resource, { namespace, name }), [hub, resource, namespace, name]);
  return useSyncExternalStore(subscribe, snapshot) as Snapshot<T>;
}

/** Whether a watch that some view needs has lost the cluster. */
export function useBroken(): boolean {
  const hub = useHub();
  return useSyncExternalStore(
    useCallback((listener) => hub.onHealth(listener), [hub]),
    () => hub.broken,
  );
}
