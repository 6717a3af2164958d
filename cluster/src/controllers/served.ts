import { isDeepStrictEqual } from 'node:util';
import { type KubeObject, parseApiVersion, type Resource } from '@berth/kube/objects';
import { kinds } from '@berth/kube/schema';

/** The resources whose objects can be listed, watched and deleted: those that may own, be owned, and be left in a namespace. */
export interface Served {
  all(): readonly Resource[];
  /** By the words of an owner reference, whatever version it names. */
  find(apiVersion: string, kind: string): Resource | undefined;
  /** Takes in what a definition says now, or that it is gone (`undefined`); answers what came and what went. */
  define(name: string, definition: CustomResourceDefinition | undefined): ServedChange;
}

export interface ServedChange {
  added?: Resource;
  removed?: Resource;
}

export type CustomResourceDefinition = KubeObject & {
  spec?: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: { plural: string; kind: string };
    versions: readonly { name: string; served: boolean; storage?: boolean }[];
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
  const kindOf = ({ group, kind }: Resource) => `${group}/${kind}`;
  for (const { group, version, resource, kind, namespaced, verbs } of kinds) {
    const needed = ['list', 'watch', 'delete'] as const;
    const name = `${resource}.${group}`;
    // The same events under a second name; of several versions, the preferred one.
    if (group === 'events.k8s.io' || byName.has(name) || !needed.every((verb) => verbs.includes(verb))) continue;
    const served: Resource = { group, version, resource, kind, namespaced };
    byName.set(name, served);
    byKind.set(kindOf(served), served);
  }
  const builtIn = new Set(byName.keys());

  return {
    all: () => [...byName.values()],
    find: (apiVersion, kind) => byKind.get(`${parseApiVersion(apiVersion).group}/${kind}`),
    define(name, definition) {
      if (builtIn.has(name)) return {};
      const [before, now] = [byName.get(name), definition && resourceOf(definition)];
      if (isDeepStrictEqual(before, now)) return {};
      if (before) {
        byName.delete(name);
        if (byKind.get(kindOf(before)) === before) byKind.delete(kindOf(before));
      }
      if (now) {
        byName.set(name, now);
        byKind.set(kindOf(now), now);
      }
      return { ...(now ? { added: now } : {}), ...(before ? { removed: before } : {}) };
    },
  };
}

/** What a definition serves: its objects as they are kept, where that is served, so that nothing has to be converted. */
function resourceOf({ spec, status }: CustomResourceDefinition): Resource | undefined {
  const established = status?.conditions?.some((each) => each.type === 'Established' && each.status === 'True');
  const served = spec?.versions.filter((version) => version.served) ?? [];
  const version = served.find(({ storage }) => storage) ?? served[0];
  if (!established || !spec || !version) return undefined;
  const { plural, kind } = spec.names;
  return { group: spec.group, version: version.name, resource: plural, kind, namespaced: spec.scope === 'Namespaced' };
}
