import { everyVerb, scale, status } from '../kinds/describe.ts';
import type { Column, KindDescription, Subresource } from '../types.ts';
import { type CustomResourceColumn, type CustomResourceDefinition, versionOf } from './definition.ts';

/**
 * One version of a custom resource as a kind like any other. The names are those that were accepted, or, as long as
 * none were, those that the definition wishes for. Throws when the definition has no such version.
 */
export function customKind(definition: CustomResourceDefinition, version: string): KindDescription {
  const { group, scope } = definition.spec;
  const accepted = definition.status?.acceptedNames;
  const names = accepted?.kind ? accepted : definition.spec.names;
  const { subresources, selectableFields = [], additionalPrinterColumns = [] } = versionOf(definition, version);
  const served: Subresource[] = [];
  if (subresources?.status !== undefined) served.push(status);
  if (subresources?.scale !== undefined) served.push(scale);
  return {
    group,
    version,
    resource: names.plural,
    kind: names.kind,
    listKind: names.listKind || `${names.kind}List`,
    singular: names.singular || names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    verbs: everyVerb,
    subresources: served,
    schema: definitionName(group, version, names.kind),
    hasStatus: subresources?.status !== undefined,
    fieldSelectors: Object.fromEntries(
      selectableFields.map(({ jsonPath }) => jsonPath.replace(/^\./, '')).map((path) => [path, [path]]),
    ),
    columns: [nameColumn, ...(additionalPrinterColumns.length > 0 ? additionalPrinterColumns : [age]).map(columnOf)],
    naming: 'dns-subdomain',
  };
}

/** The name under which Kubernetes publishes a kind's schema: `dev.berth.stable.v1.CronTab` for `stable.berth.dev`. */
export function definitionName(group: string, version: string, kind: string): string {
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

/** Where the `scale` subresource of a version reads and writes, as field names from the object's root. */
export interface ScalePaths {
  specReplicas: readonly string[];
  statusReplicas: readonly string[];
  labelSelector: readonly string[] | undefined;
}

/** Undefined when the version has no `scale` subresource. */
export function scalePathsOf(definition: CustomResourceDefinition, version: string): ScalePaths | undefined {
  const paths = versionOf(definition, version).subresources?.scale;
  if (paths === undefined) return undefined;
  return {
    specReplicas: fieldsOf(paths.specReplicasPath),
    statusReplicas: fieldsOf(paths.statusReplicasPath),
    labelSelector: paths.labelSelectorPath ? fieldsOf(paths.labelSelectorPath) : undefined,
  };
}

const fieldsOf = (path: string) => path.replace(/^\./, '').split('.');

const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  jsonPath: '.metadata.name',
  description: 'The name of the object, unique among those of its kind and namespace.',
};

const age: CustomResourceColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'When the object was made.',
};

function columnOf(column: CustomResourceColumn): Column {
  const { name, type, format, priority, jsonPath } = column;
  return {
    name,
    type: type as Column['type'],
    ...(format === undefined ? {} : { format }),
    ...(priority === undefined ? {} : { priority }),
    jsonPath,
    description: column.description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
  };
}
