import { compareVersions } from '../crd/version-order.ts';

/** A group version that another server serves, as discovery is to tell of it. */
export interface ForeignVersion {
  group: string;
  version: string;
  /** Of the group: higher ones come first. */
  groupPriority: number;
  versionPriority: number;
  /** What is told is what was there when the server last answered. */
  isStale: boolean;
  /** In the form of `apidiscovery.k8s.io/v2` APIResourceDiscovery. */
  resources: readonly object[];
}

/** What is served elsewhere; `generation` is another one whenever that changes. */
export interface ForeignApis {
  readonly generation: number;
  versions(): readonly ForeignVersion[];
}

/** A group as both forms of discovery tell of it, each version with what the aggregated form says of it. */
export interface ToldGroup {
  name: string;
  priority: number;
  /** The preferred version first. */
  versions: readonly ToldVersion[];
}

export interface ToldVersion {
  version: string;
  priority: number;
  resources: readonly object[];
  freshness: 'Current' | 'Stale';
}

/** What is served here and elsewhere as one: groups and versions by their priorities, then by their names. */
export function withForeign(local: readonly ToldGroup[], foreign: readonly ForeignVersion[]): ToldGroup[] {
  if (foreign.length === 0) return [...local];
  const groups = new Map(local.map((group) => [group.name, group]));
  for (const { group: name, groupPriority, version, versionPriority: priority, isStale, resources } of foreign) {
    const group = groups.get(name) ?? { name, priority: groupPriority, versions: [] };
    const told: ToldVersion = { version, priority, resources, freshness: isStale ? 'Stale' : 'Current' };
    // Where both serve a version, requests go elsewhere.
    const others = group.versions.filter((one) => one.version !== version);
    const versions = [...others, told].sort((a, b) => b.priority - a.priority || compareVersions(a.version, b.version));
    groups.set(name, { name, priority: Math.max(group.priority, groupPriority), versions });
  }
  return [...groups.values()].sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
}
