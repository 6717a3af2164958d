import { isDeepStrictEqual } from 'node:util';
import {
  type CustomResourceDefinition,
  type CustomSchema,
  customKind,
  customSchema,
  scalePathsOf,
} from '@berth/kube/schema';
import { type CustomVersions, customConversion, renamed } from '../conversion/custom.ts';
import { type ConversionWebhook, convertByWebhook, type ReviewParts } from '../conversion/review.ts';
import { type ServedKind, servedKind } from '../kinds.ts';
import { storageVersionOf } from './definition.ts';
import { compareVersions } from './version-order.ts';

/** The kinds that one definition brings, by version, and what they are made of. */
export interface CustomKinds {
  definition: CustomResourceDefinition;
  versions: CustomVersions;
  /** Of the versions that are served. */
  served: ReadonlyMap<string, ServedKind>;
  /** What objects are kept as, served or not. */
  stored: ServedKind;
}

/**
 * The kinds of a definition whose names were accepted. Schemas of `previous`, the same definition before, are taken over
 * where nothing that they depend on has changed, since they keep what they have compiled.
 */
export function customKinds(
  definition: CustomResourceDefinition,
  parts: ReviewParts,
  previous?: CustomKinds,
): CustomKinds {
  const { spec } = definition;
  const schemas = new Map<string, CustomSchema>();
  const versions: CustomVersions = {
    group: spec.group,
    storageVersion: storageVersionOf(definition),
    schemaOf(version) {
      const known = schemas.get(version);
      if (known) return known;
      if (!spec.versions.some(({ name }) => name === version)) return undefined;
      const made = inherited(definition, version, previous) ?? customSchema(definition, version);
      schemas.set(version, made);
      return made;
    },
    convert: convertOf(definition, parts),
  };
  const kindOf = (version: string): ServedKind => {
    const description = customKind(definition, version);
    return servedKind(description, {
      schema: versions.schemaOf(version) as CustomSchema,
      conversion: customConversion(versions, version),
      isCustom: true,
      deprecation: deprecationOf(definition, version),
      scale: scalePathsOf(definition, version),
      storageVersion: versions.storageVersion,
      isTerminating: definition.metadata.deletionTimestamp !== undefined,
    });
  };
  const names = spec.versions.filter(({ served }) => served).map(({ name }) => name);
  const served = new Map(names.sort(compareVersions).map((version) => [version, kindOf(version)]));
  const stored = served.get(versions.storageVersion) ?? kindOf(versions.storageVersion);
  return { definition, versions, served, stored };
}

function inherited(definition: CustomResourceDefinition, version: string, previous: CustomKinds | undefined) {
  if (!previous) return undefined;
  const parts = ({ spec, status }: CustomResourceDefinition) => [
    spec.group,
    spec.scope,
    spec.names,
    status?.acceptedNames,
    spec.versions.find(({ name }) => name === version),
  ];
  return isDeepStrictEqual(parts(definition), parts(previous.definition))
    ? previous.versions.schemaOf(version)
    : undefined;
}

function convertOf({ spec }: CustomResourceDefinition, parts: ReviewParts): CustomVersions['convert'] {
  const { strategy, webhook } = spec.conversion ?? {};
  if (strategy !== 'Webhook' || !webhook) return renamed;
  return (objects, apiVersion) => convertByWebhook(parts, webhook as ConversionWebhook, objects, apiVersion);
}

/** What those are told who use a deprecated version: the definition's words, or Kubernetes' own. */
function deprecationOf({ spec }: CustomResourceDefinition, version: string): string | undefined {
  const own = spec.versions.find(({ name }) => name === version);
  if (!own?.deprecated) return undefined;
  if (own.deprecationWarning !== undefined) return own.deprecationWarning;
  const [better] = spec.versions
    .filter(({ name, served, deprecated }) => served && !deprecated && compareVersions(name, version) < 0)
    .map(({ name }) => name)
    .sort(compareVersions);
  const { kind } = spec.names;
  const instead = better === undefined ? '' : `; use ${spec.group}/${better} ${kind}`;
  return `${spec.group}/${version} ${kind} is deprecated${instead}`;
}
