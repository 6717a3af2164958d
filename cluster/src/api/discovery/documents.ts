import { createHash } from 'node:crypto';
import { apiVersionOf } from '@berth/kube/objects';
import type { KindDescription, Subresource } from '@berth/kube/schema';
import { compareVersions } from '../crd/version-order.ts';
import type { KindRegistry, ServedKind } from '../kinds.ts';
import { type ForeignVersion, type ToldGroup, withForeign } from './foreign.ts';

/** A document that clients keep: its bytes, and the tag that says whether it changed. */
export interface Document {
  body: Buffer;
  etag: string;
}

/** Everything that discovery says, made once for a state of the registry. */
export interface DiscoveryDocuments {
  /** By path: `/api`, `/apis`, `/apis/apps`, `/apis/apps/v1`, … */
  legacy: ReadonlyMap<string, Buffer>;
  /** `/api` and `/apis` as APIGroupDiscoveryList. */
  aggregated: ReadonlyMap<string, Document>;
}

export function discoveryDocuments(
  registry: KindRegistry,
  foreign: readonly ForeignVersion[] = [],
): DiscoveryDocuments {
  const groups = groupsOf(registry);
  const legacy = new Map<string, Buffer>();
  const add = (path: string, value: object) => legacy.set(path, Buffer.from(JSON.stringify(value)));
  add('/api', {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '' }],
  });
  const told = groups.map(toldGroup);
  const named = withForeign(
    told.filter((group) => group.name !== ''),
    foreign,
  );
  add('/apis', { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(apiGroup) });
  for (const group of named) add(`/apis/${group.name}`, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) });
  for (const group of groups) {
    for (const [version, kinds] of group.versions) {
      const path = group.name === '' ? `/api/${version}` : `/apis/${group.name}/${version}`;
      const groupVersion = apiVersionOf({ group: group.name, version });
      add(path, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: kinds.flatMap(apiResources) });
    }
  }
  const aggregated = new Map([
    ['/api', document(aggregatedList(told.filter((group) => group.name === '')))],
    ['/apis', document(aggregatedList(named))],
  ]);
  return { legacy, aggregated };
}

interface Group {
  name: string;
  /** The preferred version first. */
  versions: Map<string, ServedKind[]>;
}

/** Built-in groups in their own order, then those that custom kinds bring, by name. */
function groupsOf(registry: KindRegistry): Group[] {
  const groups = new Map<string, Group>();
  for (const kind of registry.all()) {
    const { group: name, version } = kind.description;
    const group = groups.get(name) ?? { name, versions: new Map() };
    groups.set(name, group);
    const kinds = group.versions.get(version) ?? [];
    group.versions.set(version, kinds);
    kinds.push(kind);
  }
  const [custom, builtIn] = [
    [...groups.values()].filter(isCustomGroup),
    [...groups.values()].filter((one) => !isCustomGroup(one)),
  ];
  return [...builtIn, ...custom.map(ordered).sort((a, b) => (a.name < b.name ? -1 : 1))];
}

function isCustomGroup({ versions }: Group): boolean {
  return [...versions.values()].every((kinds) => kinds.every((kind) => kind.isCustom));
}

/** Versions by their priority, kinds by their names: whichever definition came first. */
function ordered({ name, versions }: Group): Group {
  const byName = (a: ServedKind, b: ServedKind) => (a.description.resource < b.description.resource ? -1 : 1);
  const sorted = [...versions].sort(([a], [b]) => compareVersions(a, b));
  return { name, versions: new Map(sorted.map(([version, kinds]) => [version, kinds.sort(byName)])) };
}

/** What discovery says of a kind whose definition is being deleted leaves out what would bring it back. */
function verbsOf({ description, isTerminating }: ServedKind): readonly string[] {
  const { verbs } = description;
  return isTerminating ? verbs.filter((verb) => !['create', 'patch', 'update'].includes(verb)) : verbs;
}

/** What is built in comes first, in its own order; custom groups have the priority that Kubernetes gives them. */
function toldGroup(group: Group, index: number): ToldGroup {
  const custom = isCustomGroup(group);
  const versions = [...group.versions].map(([version, kinds], place) => ({
    version,
    priority: custom ? 100 : builtInPriority - place,
    resources: kinds.map(aggregatedResource),
    freshness: 'Current' as const,
  }));
  return { name: group.name, priority: custom ? 1000 : builtInPriority - index, versions };
}

const builtInPriority = 1_000_000;

function apiGroup({ name, versions }: ToldGroup) {
  const listed = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: listed, preferredVersion: listed[0] };
}

function apiResources(served: ServedKind): object[] {
  const kind = served.description;
  const own = {
    name: kind.resource,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: verbsOf(served),
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(kind.verbs.includes('list')
      ? { storageVersionHash: hash(`${kind.group}/${served.storageVersion ?? kind.version}/${kind.kind}`) }
      : {}),
  };
  return [own, ...kind.subresources.map((subresource) => apiSubresource(kind, subresource))];
}

function apiSubresource(kind: KindDescription, subresource: Subresource): object {
  const body = bodyKind(kind, subresource);
  const foreign = body.group !== kind.group || body.version !== kind.version;
  return {
    name: `${kind.resource}/${subresource.name}`,
    singularName: '',
    namespaced: kind.namespaced,
    ...(foreign ? { group: body.group, version: body.version } : {}),
    kind: body.kind,
    verbs: subresourceVerbs(subresource),
  };
}

function bodyKind(kind: KindDescription, subresource: Subresource) {
  return subresource.kind ?? { group: kind.group, version: kind.version, kind: kind.kind };
}

function subresourceVerbs(subresource: Subresource): readonly string[] {
  return subresource.verbs;
}

function aggregatedList(groups: readonly ToldGroup[]): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map(({ version, resources, freshness }) => ({ version, resources, freshness })),
    })),
  };
}

function aggregatedResource(served: ServedKind): object {
  const kind = served.description;
  const { group, version } = kind;
  return {
    resource: kind.resource,
    responseKind: { group, version, kind: kind.kind },
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: verbsOf(served),
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(kind.subresources.length > 0
      ? {
          subresources: kind.subresources.map((subresource) => ({
            subresource: subresource.name,
            responseKind: bodyKind(kind, subresource),
            verbs: subresourceVerbs(subresource),
          })),
        }
      : {}),
  };
}

function document(value: object): Document {
  const body = Buffer.from(JSON.stringify(value));
  return { body, etag: `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"` };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}
