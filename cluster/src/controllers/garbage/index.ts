import { isDeepStrictEqual } from 'node:util';
import { type Change, type Clock, type Informers, type KubeClient, systemClock } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type KubeObject, keyOf, type Resource } from '@berth/kube/objects';
import { type EventRecorder, perform, WorkQueue } from '@berth/kube/reconcile';
import type { Served } from '../served.ts';
import { decide, foregroundFinalizer, type Ownership } from './decide.ts';

export interface GarbageOptions {
  client: KubeClient;
  informers: Informers;
  served: Served;
  recorder: EventRecorder;
  signal: AbortSignal;
  clock?: Clock;
  onError?(error: unknown, key: string): void;
}

export interface GarbageCollector {
  /** Takes a resource in that was defined later. */
  track(resource: Resource): void;
  /** Leaves out one that is served no longer. */
  untrack(resource: Resource): void;
}

/**
 * Watches who owns whom over all resources and carries out what `decide` says. One queue for all, since a change of one
 * object is a matter for its owners and dependents of other kinds; so it is no `Reconciler`.
 */
export function startGarbageCollector(options: GarbageOptions): GarbageCollector {
  const { client, informers, served, recorder, signal, onError } = options;
  const tracked = new Map<string, Resource>();
  const subscriptions = new Map<string, () => void>();
  /** Keys of the objects that refer to each uid as an owner. */
  const dependents = new Map<string, Set<string>>();
  const queue = new WorkQueue({ clock: options.clock ?? systemClock, concurrency: 20, work });

  const ownership: Ownership = {
    find: served.find,
    get: (resource, key) => informers.find(resource)?.get(key),
    dependents: (uid) =>
      [...(dependents.get(uid) ?? [])].flatMap((key) => {
        const found = objectOf(key);
        return found ? [found] : [];
      }),
  };

  function objectOf(key: string) {
    const [name = '', ...rest] = key.split(' ');
    const resource = tracked.get(name);
    const [first = '', second] = rest.join(' ').split('/');
    const object =
      resource &&
      informers.find(resource)?.get(second === undefined ? { name: first } : { namespace: first, name: second });
    return resource && object ? { resource, object } : undefined;
  }

  async function work(key: string): Promise<void> {
    const found = objectOf(key);
    if (!found) return queue.succeeded(key);
    try {
      const actions = decide(found.resource, found.object, ownership);
      await perform(actions, { client, informers, recorder, signal, fieldManager: 'garbage-collector' });
      queue.succeeded(key);
    } catch (error) {
      if (signal.aborted) return;
      if (!isBerthError(error, 'Conflict')) onError?.(error, key);
      queue.retry(key);
    }
  }

  function link(key: string, object: KubeObject, present: boolean): void {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const known = dependents.get(uid) ?? new Set();
      if (present) known.add(key);
      else known.delete(key);
      if (known.size > 0) dependents.set(uid, known);
      else dependents.delete(uid);
    }
  }

  /** Owners that are being deleted in the foreground may be free to go now. */
  function addOwners(object: KubeObject): void {
    for (const { apiVersion, kind, name } of object.metadata.ownerReferences ?? []) {
      const resource = served.find(apiVersion, kind);
      if (!resource) continue;
      const { namespace } = object.metadata;
      const key = resource.namespaced && namespace !== undefined ? { namespace, name } : { name };
      const owner = informers.find(resource)?.get(key);
      if (owner?.metadata.deletionTimestamp !== undefined) queue.add(keyIn(resource, owner));
    }
  }

  function addDependents(object: KubeObject): void {
    for (const key of dependents.get(object.metadata.uid ?? '') ?? []) queue.add(key);
  }

  function changed(resource: Resource, change: Change<KubeObject>): void {
    const { object } = change;
    const key = keyIn(resource, object);
    const { deletionTimestamp, finalizers, ownerReferences } = object.metadata;
    if (change.type === 'deleted') {
      link(key, object, false);
      addDependents(object);
      addOwners(object);
      return;
    }
    if (change.type === 'updated') {
      const before = change.previous.metadata;
      const same =
        before.deletionTimestamp === deletionTimestamp &&
        isDeepStrictEqual(before.finalizers, finalizers) &&
        isDeepStrictEqual(before.ownerReferences, ownerReferences);
      // Most changes are of a status, and nobody's ownership.
      if (same) return;
      link(key, change.previous, false);
      addOwners(change.previous);
    }
    link(key, object, true);
    if (ownerReferences?.length || deletionTimestamp !== undefined) queue.add(key);
    if (deletionTimestamp !== undefined && finalizers?.includes(foregroundFinalizer)) addDependents(object);
  }

  function track(resource: Resource): void {
    const name = nameOf(resource);
    if (tracked.has(name)) return;
    tracked.set(name, resource);
    subscriptions.set(
      name,
      informers.of(resource).subscribe((change) => changed(resource, change)),
    );
  }

  function untrack(resource: Resource): void {
    const name = nameOf(resource);
    subscriptions.get(name)?.();
    subscriptions.delete(name);
    tracked.delete(name);
    for (const object of informers.find(resource)?.list() ?? []) link(keyIn(resource, object), object, false);
  }

  for (const resource of served.all()) track(resource);
  void informers.synced().then(() => queue.resume());
  signal.addEventListener('abort', () => queue.stop(), { once: true });
  return { track, untrack };
}

function nameOf(resource: Resource): string {
  return `${resource.resource}.${resource.group}`;
}

function keyIn(resource: Resource, object: KubeObject): string {
  return `${nameOf(resource)} ${keyOf(object)}`;
}
