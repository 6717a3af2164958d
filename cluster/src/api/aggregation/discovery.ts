interface LegacyResource {
  name: string;
  singularName?: string;
  namespaced?: boolean;
  kind: string;
  group?: string;
  version?: string;
  verbs?: string[];
  shortNames?: string[];
  categories?: string[];
}

/** The resources of an APIResourceList in the form of aggregated discovery. Throws when it is none. */
export function aggregatedResources(text: string, { group, version }: { group: string; version: string }): object[] {
  const list = JSON.parse(text) as { kind?: unknown; resources?: unknown };
  if (list?.kind !== 'APIResourceList' || !Array.isArray(list.resources)) throw new Error('it is no APIResourceList');
  const resources = list.resources as LegacyResource[];
  const responseKind = (one: LegacyResource) => ({
    group: one.group ?? group,
    version: one.version ?? version,
    kind: one.kind,
  });
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map((one) => {
      const subresources = resources
        .filter(({ name }) => name.startsWith(`${one.name}/`))
        .map((sub) => ({
          subresource: sub.name.slice(one.name.length + 1),
          responseKind: responseKind(sub),
          verbs: sub.verbs ?? [],
        }));
      return {
        resource: one.name,
        responseKind: responseKind(one),
        scope: one.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: one.singularName ?? '',
        verbs: one.verbs ?? [],
        ...(one.shortNames ? { shortNames: one.shortNames } : {}),
        ...(one.categories ? { categories: one.categories } : {}),
        ...(subresources.length > 0 ? { subresources } : {}),
      };
    });
}
