import { type KubeObject, type Namespace, type Resource, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { rfc3339, type StatusCondition, withCondition } from '../conditions.ts';
import type { Served } from '../served.ts';
import { keyOf, statusActions } from '../status.ts';

const finalizer = 'kubernetes';
/** While pods end in their own time; what is watched brings the namespace here sooner. */
const patience = 5_000;

interface Left {
  resource: Resource;
  objects: readonly KubeObject[];
}

/**
 * Empties a namespace that is being deleted, and lets it go when nothing is left. Pods go first, so that none outlives
 * what protects it. Source: "Namespaces", the namespace conditions of Kubernetes 1.16, and KEP-5080.
 */
export function namespaceController(served: Served): Reconciler<Namespace> {
  return {
    name: 'namespace-controller',
    resource: resources.namespaces,
    watches: served.all().map(contentOf),
    reconcile(namespace, view, now): Outcome {
      if (!isTerminating(namespace)) return { actions: [] };
      const name = namespace.metadata.name;
      const namespaced = served.all().filter((resource) => resource.namespaced);
      const left = namespaced
        .map((resource) => ({ resource, objects: view.list(resource, { namespace: name }) }))
        .filter(({ objects }) => objects.length > 0);
      const pods = left.filter(({ resource }) => resource.group === '' && resource.resource === 'pods');
      if (pods.length > 0) {
        const actions = [...pods.flatMap(deletions), ...conditionActions(namespace, pods, now)];
        return { actions, requeueAfter: patience };
      }
      if (left.length > 0) {
        const noPods: Action = { type: 'absent', resource: resources.pods, namespace: name };
        const actions = [noPods, ...left.flatMap(deletions), ...conditionActions(namespace, left, now)];
        return { actions, requeueAfter: patience };
      }
      if (!namespace.spec?.finalizers?.includes(finalizer)) return { actions: [] };
      // The view may be behind; nothing can be created any more, so what the server says now is final.
      const checks = namespaced.map((resource): Action => ({ type: 'absent', resource, namespace: name }));
      return { actions: [...checks, finalization(namespace)] };
    },
  };
}

/** What a namespace may hold, as something that its deletion waits for. */
export function contentOf(resource: Resource) {
  return {
    resource,
    concerns({ metadata: { namespace } }: KubeObject, view: View) {
      if (namespace === undefined) return [];
      const found = view.get(resources.namespaces, { name: namespace });
      return found && isTerminating(found) ? [{ name: namespace }] : [];
    },
  };
}

function isTerminating(namespace: Namespace): boolean {
  return namespace.metadata.deletionTimestamp !== undefined;
}

function deletions({ resource, objects }: Left): Action[] {
  return objects
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((object): Action => {
      const { uid } = object.metadata;
      const preconditions = uid === undefined ? {} : { preconditions: { uid } };
      const options = { propagationPolicy: 'Background' as const, ...preconditions };
      return { type: 'delete', resource, key: keyOf(object), options };
    });
}

function finalization(namespace: Namespace): Action {
  const finalizers = namespace.spec?.finalizers?.filter((each) => each !== finalizer) ?? [];
  const object = { ...namespace, spec: { ...namespace.spec, finalizers } };
  return { type: 'update', resource: resources.namespaces, object, subresource: 'finalize' };
}

function conditionActions(namespace: Namespace, left: readonly Left[], now: number): Action[] {
  const remaining = left.map(
    ({ resource, objects }) => `${resource.resource}.${resource.group} has ${objects.length} resource instances`,
  );
  const holders = new Map<string, number>();
  for (const { objects } of left) {
    for (const each of objects.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
      holders.set(each, (holders.get(each) ?? 0) + 1);
    }
  }
  const held = [...holders].sort().map(([name, count]) => `${name} in ${count} resource instances`);
  const condition = (type: string, is: boolean, reason: string, message: string): StatusCondition => ({
    type,
    status: is ? 'True' : 'False',
    lastTransitionTime: rfc3339(now),
    reason,
    message,
  });
  const wanted = [
    // What is served is known here without asking, and a deletion that fails is tried again at once.
    condition(
      'NamespaceDeletionDiscoveryFailure',
      false,
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ),
    condition(
      'NamespaceDeletionGroupVersionParsingFailure',
      false,
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    condition(
      'NamespaceDeletionContentFailure',
      false,
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    condition(
      'NamespaceContentRemaining',
      true,
      'SomeResourcesRemain',
      `Some resources are remaining: ${remaining.join(', ')}`,
    ),
    held.length > 0
      ? condition(
          'NamespaceFinalizersRemaining',
          true,
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${held.join(', ')}`,
        )
      : condition(
          'NamespaceFinalizersRemaining',
          false,
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        ),
  ];
  let conditions: readonly StatusCondition[] = namespace.status?.conditions ?? [];
  for (const each of wanted) {
    // The message says what is left, so it moves although the status does not.
    const present = conditions.find((old) => old.type === each.type);
    if (present?.status === each.status && present.message === each.message) continue;
    const since = present?.status === each.status ? present.lastTransitionTime : undefined;
    const others = conditions.filter((old) => old.type !== each.type);
    conditions = withCondition(others, since === undefined ? each : { ...each, lastTransitionTime: since });
  }
  return statusActions(resources.namespaces, namespace, { ...namespace.status, conditions });
}
