import type { ErrorCause } from '../../errors/index.ts';
import { builtInCatalogue } from '../catalogue.ts';
import type { Schema } from '../types.ts';
import { child, entry, forbidden, invalidOmitted, typeInvalid } from './causes.ts';
import { isData, put } from './data.ts';

/** What schemas of definitions may be written with although it is refused. */
export interface WrittenSchema extends Schema {
  id?: string;
  $schema?: string;
  patternProperties?: Record<string, unknown>;
  definitions?: Record<string, unknown>;
  dependencies?: Record<string, unknown>;
  additionalItems?: unknown;
}

type Kind = 'string' | 'number' | 'integer' | 'boolean' | 'strings' | 'list' | 'any' | 'object' | 'rules';
type Nested = 'schema' | 'schemas' | 'map' | 'schema-or-boolean' | 'items';

const keywords: Readonly<Record<string, Kind | Nested>> = {
  $ref: 'string',
  $schema: 'string',
  id: 'string',
  description: 'string',
  title: 'string',
  externalDocs: 'object',
  example: 'any',
  type: 'string',
  format: 'string',
  properties: 'map',
  additionalProperties: 'schema-or-boolean',
  items: 'items',
  required: 'strings',
  enum: 'list',
  default: 'any',
  nullable: 'boolean',
  pattern: 'string',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'boolean',
  exclusiveMaximum: 'boolean',
  multipleOf: 'number',
  minLength: 'integer',
  maxLength: 'integer',
  minItems: 'integer',
  maxItems: 'integer',
  uniqueItems: 'boolean',
  minProperties: 'integer',
  maxProperties: 'integer',
  allOf: 'schemas',
  anyOf: 'schemas',
  oneOf: 'schemas',
  not: 'schema',
  patternProperties: 'object',
  definitions: 'object',
  dependencies: 'object',
  additionalItems: 'any',
  'x-kubernetes-int-or-string': 'boolean',
  'x-kubernetes-preserve-unknown-fields': 'boolean',
  'x-kubernetes-embedded-resource': 'boolean',
  'x-kubernetes-list-type': 'string',
  'x-kubernetes-list-map-keys': 'strings',
  'x-kubernetes-map-type': 'string',
  'x-kubernetes-validations': 'rules',
};

const isStrings = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string');

const checks: Readonly<Record<Kind, { fits: (value: unknown) => boolean; said: string }>> = {
  string: { fits: (value) => typeof value === 'string', said: 'must be a string' },
  number: { fits: (value) => typeof value === 'number', said: 'must be a number' },
  integer: { fits: Number.isInteger, said: 'must be an integer' },
  boolean: { fits: (value) => typeof value === 'boolean', said: 'must be a boolean' },
  strings: { fits: isStrings, said: 'must be a list of strings' },
  list: { fits: Array.isArray, said: 'must be a list' },
  object: { fits: isData, said: 'must be an object' },
  any: { fits: () => true, said: '' },
  rules: {
    fits: (value) => Array.isArray(value) && value.every((rule) => isData(rule) && typeof rule.rule === 'string'),
    said: 'must be a list of rules',
  },
};

/** Whoever follows a schema does so with a call for each level: the stack must hold. */
const deepest = 300;

/**
 * A schema with its known keywords only, each of the type that it must have: parts of schemas reach us as plain JSON.
 * What is null is absent, as in Go. `malformed` receives what had to be left out.
 */
export function cleanSchema(value: unknown, path = '', malformed: ErrorCause[] = [], depth = 0): WrittenSchema {
  if (depth > deepest) {
    malformed.push(invalidOmitted(path.slice(0, 200), 'exceeded max depth'));
    return {};
  }
  if (!isData(value)) {
    malformed.push(typeInvalid(path, value, 'must be a schema'));
    return {};
  }
  const schema: Record<string, unknown> = {};
  for (const [keyword, written] of Object.entries(value)) {
    const kind = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    if (kind === undefined || written === null || written === undefined) continue;
    const at = child(path, keyword);
    if (kind in checks) {
      const { fits, said } = checks[kind as Kind];
      if (fits(written)) schema[keyword] = written;
      else malformed.push(typeInvalid(at, written, said));
    } else {
      const nested = cleanNested(kind as Nested, written, at, { malformed, depth: depth + 1 });
      if (nested !== undefined) schema[keyword] = nested;
    }
  }
  return schema;
}

function cleanNested(
  kind: Nested,
  written: unknown,
  at: string,
  { malformed, depth }: { malformed: ErrorCause[]; depth: number },
): unknown {
  if (kind === 'schema-or-boolean' && typeof written === 'boolean') return written;
  if (kind === 'items' && Array.isArray(written)) {
    malformed.push(forbidden(at, 'items must be a schema object and not an array'));
    return undefined;
  }
  if (kind === 'schemas') {
    if (Array.isArray(written))
      return written.map((item, index) => cleanSchema(item, entry(at, index), malformed, depth));
    malformed.push(typeInvalid(at, written, 'must be a list of schemas'));
    return undefined;
  }
  if (kind !== 'map') return cleanSchema(written, at, malformed, depth);
  if (!isData(written)) {
    malformed.push(typeInvalid(at, written, 'must be a map of schemas'));
    return undefined;
  }
  const schemas: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(written))
    put(schemas, name, cleanSchema(item, entry(at, name), malformed, depth));
  return schemas;
}

/** The fields that metadata has, whatever a schema says of it. */
const metadataFields = () =>
  builtInCatalogue().definition('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')?.properties;

/**
 * The schema without properties that the metadata of a resource can never have: their defaults would come and go with
 * every reading. Kubernetes prunes such defaults when it serves a definition.
 */
export function withoutUnknownMetadata(schema: Schema): Schema {
  const { properties, items, additionalProperties } = schema;
  const cleaned: Schema = { ...schema };
  if (items !== undefined) cleaned.items = withoutUnknownMetadata(items);
  if (typeof additionalProperties === 'object') {
    cleaned.additionalProperties = withoutUnknownMetadata(additionalProperties);
  }
  if (properties === undefined) return cleaned;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  cleaned.properties = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [
      name,
      embedded && name === 'metadata' ? knownMetadata(property) : withoutUnknownMetadata(property),
    ]),
  );
  return cleaned;
}

function knownMetadata(schema: Schema): Schema {
  const known = Object.entries(schema.properties ?? {}).filter(([name]) => Object.hasOwn(metadataFields() ?? {}, name));
  return { ...schema, properties: Object.fromEntries(known) };
}
