import type { Informers } from '../client/informers.ts';
import { controllerOf, type KubeObject, type ObjectKey, type Resource } from '../objects/index.ts';
import type { View } from './types.ts';

/** The view over shared informers. A resource that no informer keeps is a mistake in a reconciler's `watches`. */
export function viewOf(informers: Informers): View {
  function informer<T extends KubeObject>(resource: Resource<T>) {
    const found = informers.find(resource);
    if (!found) throw new Error(`The view does not hold ${resource.resource}: name it in the reconciler's watches`);
    return found;
  }
  return {
    get: (resource, key) => informer(resource).get(key),
    list: (resource, where = {}) => informer(resource).list(where.namespace),
    controlledBy: (resource, uid) => informer(resource).controlledBy(uid),
  };
}

/** A view of objects that are given, for tests and rehearsals. */
export function fixedView(objects: readonly KubeObject[]): View {
  function all<T extends KubeObject>(resource: Resource<T>): T[] {
    const prefix = resource.group === '' ? '' : `${resource.group}/`;
    const found = objects.filter((each) => each.kind === resource.kind && each.apiVersion.startsWith(prefix));
    // Objects of the resource's kind are of its type.
    return found as T[];
  }
  return {
    get: (resource, key: ObjectKey) =>
      all(resource).find(
        ({ metadata }) => metadata.name === key.name && (metadata.namespace ?? '') === (key.namespace ?? ''),
      ),
    list: (resource, where = {}) =>
      all(resource).filter(({ metadata }) => where.namespace === undefined || metadata.namespace === where.namespace),
    controlledBy: (resource, uid) => all(resource).filter((object) => (controllerOf(object)?.uid ?? '') === uid),
  };
}
