import { byController, type Index } from '../client/cache.ts';
import type { Informers } from '../client/informers.ts';
import { controllerOf, type KubeObject, type ObjectKey, type Resource } from '../objects/index.ts';
import { type LabelSelector, matchesLabels } from '../selectors/index.ts';
import type { View } from './types.ts';

/** The view over shared informers. A resource that no informer keeps is a mistake in a reconciler's `watches`. */
export function viewOf(informers: Informers): View {
  function informer<T extends KubeObject>(resource: Resource<T>) {
    const found = informers.find(resource);
    if (!found) throw new Error(`The view does not hold ${resource.resource}: name it in the reconciler's watches`);
    return found;
  }
  return viewOver({
    get: (resource, key) => informer(resource).get(key),
    list: (resource, where = {}) => informer(resource).list(where.namespace),
    byIndex: (resource, index, value) => informer(resource).byIndex(index, value),
  });
}

/** A view of objects that are given, for tests and rehearsals. */
export function fixedView(objects: readonly KubeObject[]): View {
  function all<T extends KubeObject>(resource: Resource<T>): T[] {
    const prefix = resource.group === '' ? '' : `${resource.group}/`;
    const found = objects.filter((each) => each.kind === resource.kind && each.apiVersion.startsWith(prefix));
    // Objects of the resource's kind are of its type.
    return found as T[];
  }
  return viewOver({
    get: (resource, key: ObjectKey) =>
      all(resource).find(
        ({ metadata }) => metadata.name === key.name && (metadata.namespace ?? '') === (key.namespace ?? ''),
      ),
    list: (resource, where = {}) =>
      all(resource).filter(({ metadata }) => where.namespace === undefined || metadata.namespace === where.namespace),
    byIndex: (resource, index, value) => all(resource).filter((object) => index.valuesOf(object).includes(value)),
  });
}

function viewOver(found: Pick<View, 'get' | 'list' | 'byIndex'>): View {
  return {
    ...found,
    controlledBy: (resource, uid) => found.byIndex(resource, byController, uid),
    orphans: (resource, { namespace = '', selector }) => {
      if (selector === undefined) return [];
      return valuesFor(namespace, selector)
        .flatMap((value) => found.byIndex(resource, orphans, value))
        .filter(({ metadata }) => matchesLabels(selector, metadata.labels));
    },
  };
}

/** What has no controlling owner, by its namespace and by each of its labels, so that few are looked at where many are. */
const orphans: Index = {
  valuesOf(object) {
    if (controllerOf(object)) return [];
    const { namespace = '', labels = {} } = object.metadata;
    return [namespace, ...Object.entries(labels).map(([name, value]) => labelValue(namespace, name, value))];
  },
};

/** The values of that index under which everything is that a selector matches. */
function valuesFor(namespace: string, selector: LabelSelector): readonly string[] {
  const listed = selector.find(({ operator }) => operator === 'In');
  if (!listed) return [namespace];
  return [...new Set(listed.values)].map((value) => labelValue(namespace, listed.key, value));
}

function labelValue(namespace: string, name: string, value: string): string {
  return `${namespace} ${name}=${value}`;
}
