import type { SelectableFields } from '../../selectors/index.ts';
import type { Column, KindDescription, Subresource, Verb } from '../types.ts';

export const everyVerb: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

/** Fields by which objects are selected under the names of their own paths. */
export const byPath = (...paths: readonly string[]): SelectableFields =>
  Object.fromEntries(paths.map((path) => [path, [path]]));

/** What is particular to one kind; everything else follows from the group. */
export interface KindFacts {
  kind: string;
  resource: string;
  singular?: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
  /** Namespaced unless it says `Cluster`. */
  scope?: 'Cluster';
  verbs?: readonly Verb[];
  subresources?: readonly Subresource[];
  fieldSelectors?: SelectableFields;
  columns?: readonly Column[];
  naming?: KindDescription['naming'];
  createdByUpdate?: true;
  deprecation?: string;
}

export interface GroupFacts {
  group: string;
  version: string;
  /** The part of the definitions' names before the kind: `io.k8s.api.apps.v1`. */
  definitions: string;
}

/** Descriptions of a group's kinds from what is particular to each. */
export function describeKinds(group: GroupFacts, facts: readonly KindFacts[]): readonly KindDescription[] {
  return facts.map((fact) => ({
    group: group.group,
    version: group.version,
    resource: fact.resource,
    kind: fact.kind,
    listKind: `${fact.kind}List`,
    singular: fact.singular ?? fact.kind.toLowerCase(),
    shortNames: fact.shortNames ?? [],
    categories: fact.categories ?? [],
    namespaced: fact.scope !== 'Cluster',
    verbs: fact.verbs ?? everyVerb,
    subresources: fact.subresources ?? [],
    schema: `${group.definitions}.${fact.kind}`,
    hasStatus: fact.subresources?.some((subresource) => subresource.name === 'status') ?? false,
    fieldSelectors: fact.fieldSelectors ?? {},
    columns: fact.columns ?? [nameColumn, ageColumn],
    naming: fact.naming ?? 'dns-subdomain',
    ...(fact.createdByUpdate === undefined ? {} : { createdByUpdate: fact.createdByUpdate }),
    ...(fact.deprecation === undefined ? {} : { deprecation: fact.deprecation }),
  }));
}

export const status: Subresource = { name: 'status', verbs: ['get', 'patch', 'update'] };

export const scale: Subresource = {
  name: 'scale',
  verbs: ['get', 'patch', 'update'],
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
};

export const nameColumn: Column = { name: 'Name', type: 'string', format: 'name', jsonPath: '.metadata.name' };
export const ageColumn: Column = { name: 'Age', type: 'string', jsonPath: '.metadata.creationTimestamp' };

/** A column that is always printed; `path` when it is a plain field of the object. */
export function column(name: string, path?: string, type: Column['type'] = 'string'): Column {
  return path === undefined ? { name, type } : { name, type, jsonPath: path };
}

/** A column of `-o wide`. */
export function wide(name: string, path?: string, type: Column['type'] = 'string'): Column {
  return { ...column(name, path, type), priority: 1 };
}
