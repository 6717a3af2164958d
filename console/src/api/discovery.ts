import { ApiError, read, unreachable } from './request.ts';
import type { ServedResource } from './resource.ts';

export interface DiscoveredResource extends ServedResource {
  verbs: string[];
  shortNames: string[];
}

interface ApiResourceList {
  groupVersion: string;
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[]; shortNames?: string[] }[];
}

interface ApiGroupList {
  groups: { name: string; preferredVersion?: { version: string }; versions: { version: string }[] }[];
}

/** Every resource that can be listed, in each group's preferred version. A group that fails is left out. */
export async function discover(): Promise<DiscoveredResource[]> {
  const [core, groups] = await Promise.all([read<ApiResourceList>('/k8s/api/v1'), read<ApiGroupList>('/k8s/apis')]);
  const others = await Promise.all(
    groups.groups.map(async (group) => {
      const version = group.preferredVersion?.version ?? group.versions[0]?.version;
      if (version === undefined) return [];
      try {
        return listable(await read<ApiResourceList>(`/k8s/apis/${group.name}/${version}`));
      } catch (error) {
        // An add-on's server that is down takes its own kinds with it, and no others.
        const isItsOwnFault = error instanceof ApiError && error.reason !== unreachable && error.code !== 401;
        if (isItsOwnFault) return [];
        throw error;
      }
    }),
  );
  return [...listable(core), ...others.flat()];
}

function listable(list: ApiResourceList): DiscoveredResource[] {
  const [group, version] = list.groupVersion.includes('/') ? list.groupVersion.split('/') : ['', list.groupVersion];
  return list.resources
    .filter((resource) => !resource.name.includes('/') && resource.verbs.includes('list'))
    .map(({ name, kind, namespaced, verbs, shortNames = [] }) => ({
      group: group ?? '',
      version: version ?? '',
      resource: name,
      kind,
      namespaced,
      verbs,
      shortNames,
    }));
}
