import { type KubeObject, parseApiVersion, type Resource } from '@berth/kube/objects';
import { kinds } from '@berth/kube/schema';

/** The resources whose objects can be listed, watched and deleted: those that may own, be owned, and be left in a namespace. */
export interface Served {
  all(): readonly Resource[];
  /** By the words of an owner reference, whatever version it names. */
  find(apiVersion: string, kind: string): Resource | undefined;
  /** Adds those of a custom resource definition; answers the ones that are new. */
  define(definition: CustomResourceDefinition): readonly Resource[];
}

export type CustomResourceDefinition = KubeObject & {
  spec?: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: { plural: string; kind: string };
    versions: readonly { name: string; served: boolean }[];
  };
  status?: { conditions?: readonly { type: string; status: string }[] };
};

export const customResourceDefinitions: Resource<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** Begins with the built-in kinds. */
export function servedResources(): Served {
  const byName = new Map<string, Resource>();
  const byKind = new Map<string, Resource>();
  const add = (resource: Resource): boolean => {
    const name = `${resource.resource}.${resource.group}`;
    if (byName.has(name)) return false;
    byName.set(name, resource);
    byKind.set(`${resource.group}/${resource.kind}`, resource);
    return true;
  };
  for (const { group, version, resource, kind, namespaced, verbs } of kinds) {
    const needed = ['list', 'watch', 'delete'] as const;
    // The same events under a second name.
    if (group === 'events.k8s.io' || !needed.every((verb) => verbs.includes(verb))) continue;
    add({ group, version, resource, kind, namespaced });
  }
  return {
    all: () => [...byName.values()],
    find: (apiVersion, kind) => byKind.get(`${parseApiVersion(apiVersion).group}/${kind}`),
    define({ spec, status }) {
      const established = status?.conditions?.some((each) => each.type === 'Established' && each.status === 'True');
      const version = spec?.versions.find((each) => each.served);
      if (!established || !spec || !version) return [];
      const resource: Resource = {
        group: spec.group,
        version: version.name,
        resource: spec.names.plural,
        kind: spec.names.kind,
        namespaced: spec.scope === 'Namespaced',
      };
      return add(resource) ? [resource] : [];
    },
  };
}
