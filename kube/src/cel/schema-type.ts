import type { Schema, SchemaCatalogue } from '../schema/types.ts';
import { escapeField } from './escaping.ts';
import { bool, type CelType, double, dyn, int, type ObjectField, string } from './types.ts';

/** The largest body that the API takes; what a schema leaves unbounded is bounded by it in cost estimates. */
const maxRequestBytes = 3 * 1024 * 1024;

export interface SchemaTypeOptions {
  /** Resolves `$ref`s; needed for built-in kinds only, since structural schemas have none. */
  readonly catalogue?: SchemaCatalogue;
  /** The schema is that of a whole resource: `apiVersion`, `kind`, `metadata.name`, `metadata.generateName` are there. */
  readonly resourceRoot?: boolean;
  /** A prefix that keeps the object types of several schemas of one expression apart. */
  readonly name?: string;
}

/**
 * A structural or OpenAPI schema as a CEL type, or undefined where Kubernetes exposes nothing (a schema without type, or
 * a list or map of such). Declared properties only: unknown fields do not exist for expressions, even where they are
 * preserved. Source: "Type checking and type conversion" in Kubernetes' documentation of CEL; `SchemaDeclType`.
 */
export function celTypeOfSchema(schema: Schema, options: SchemaTypeOptions = {}): CelType | undefined {
  const walk = { catalogue: options.catalogue, open: new Map<Schema, string>() };
  const root = options.resourceRoot === true || schema['x-kubernetes-embedded-resource'] === true;
  return typeOf(schema, options.name ?? 'object', root, walk);
}

interface Walk {
  catalogue: SchemaCatalogue | undefined;
  /** The schemas above the one at hand: those of built-in kinds may hold themselves (JSONSchemaProps). */
  open: Map<Schema, string>;
}

function typeOf(written: Schema, name: string, root: boolean, walk: Walk): CelType | undefined {
  const schema = walk.catalogue === undefined ? written : walk.catalogue.resolve(written);
  if (schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string') {
    const maxElements = schema.maxLength === undefined ? maxRequestBytes - 2 : schema.maxLength * 4;
    return { ...dyn, maxElements, minSerializedSize: 1 };
  }
  if (walk.open.has(schema)) return dyn;
  walk.open.set(schema, name);
  const found = typed(schema, name, root, walk);
  walk.open.delete(schema);
  return found;
}

function typed(schema: Schema, name: string, root: boolean, walk: Walk): CelType | undefined {
  switch (root ? 'object' : schema.type) {
    case 'array':
      return listOf(schema, name, walk);
    case 'object':
      return objectOf(schema, name, root, walk);
    case 'string':
      return stringOf(schema);
    case 'boolean':
      return { ...bool, minSerializedSize: 4 };
    case 'number':
      return { ...double, minSerializedSize: 1 };
    case 'integer':
      return { ...int, minSerializedSize: 1 };
    default:
      return undefined;
  }
}

function listOf(schema: Schema, name: string, walk: Walk): CelType | undefined {
  if (schema.items === undefined) return undefined;
  const element = typeOf(schema.items, `${name}.@idx`, isEmbedded(schema.items), walk);
  if (element === undefined) return undefined;
  const listType = schema['x-kubernetes-list-type'];
  const mapKeys = schema['x-kubernetes-list-map-keys'];
  return {
    kind: 'list',
    element,
    maxElements: schema.maxItems ?? Math.floor((maxRequestBytes - 2) / (serializedSize(element) + 1)),
    ...(listType === 'set' || listType === 'map' ? { listType } : {}),
    ...(mapKeys === undefined ? {} : { mapKeys }),
  };
}

function objectOf(schema: Schema, name: string, root: boolean, walk: Walk): CelType | undefined {
  const additional = schema.additionalProperties;
  if (typeof additional === 'object' && !root) {
    const value = typeOf(additional, `${name}.@elem`, isEmbedded(additional), walk);
    if (value === undefined) return undefined;
    const maxElements =
      (schema as { maxProperties?: number }).maxProperties ??
      Math.floor((maxRequestBytes - 2) / (serializedSize(value) + 6));
    return { kind: 'map', key: string, value, maxElements };
  }
  const properties = root ? withTypeAndMeta(schema.properties ?? {}, walk) : (schema.properties ?? {});
  const required = new Set(schema.required);
  const fields = new Map<string, ObjectField>();
  let minSerializedSize = 2;
  for (const [property, child] of Object.entries(properties)) {
    const type = typeOf(child, `${name}.${property}`, isEmbedded(child), walk);
    if (type === undefined) continue;
    const escaped = escapeField(property);
    if (escaped !== undefined) fields.set(escaped, { property, type });
    if (required.has(property) && child.default === undefined) {
      minSerializedSize += property.length + serializedSize(type) + 4;
    }
  }
  return { kind: 'object', name, fields, minSerializedSize };
}

const isEmbedded = (schema: Schema) => schema['x-kubernetes-embedded-resource'] === true;

/** What every resource has, also where its schema does not say so; all other metadata stays hidden from rules. */
function withTypeAndMeta(properties: Record<string, Schema>, walk: Walk): Record<string, Schema> {
  const text: Schema = { type: 'string' };
  const metadata =
    properties.metadata === undefined
      ? undefined
      : (walk.catalogue?.resolve(properties.metadata) ?? properties.metadata);
  const declared = metadata?.properties;
  if (
    properties.kind?.type === 'string' &&
    properties.apiVersion?.type === 'string' &&
    declared?.name?.type === 'string' &&
    declared.generateName?.type === 'string'
  ) {
    return properties;
  }
  const least: Schema = { type: 'object', properties: { name: text, generateName: text } };
  return { ...properties, kind: text, apiVersion: text, metadata: least };
}

function stringOf(schema: Schema): CelType {
  switch (schema.format) {
    case 'byte':
      return { kind: 'bytes', maxElements: schema.maxLength ?? maxRequestBytes - 2, minSerializedSize: 2 };
    case 'duration':
      return { kind: 'duration', maxElements: 32, minSerializedSize: 3 };
    case 'date':
      return { kind: 'timestamp', maxElements: 12, minSerializedSize: 12 };
    case 'date-time':
      return { kind: 'timestamp', maxElements: 32, minSerializedSize: 21 };
    default:
      return { ...string, maxElements: longestText(schema), minSerializedSize: 2 };
  }
}

/** In bytes: a character may take four. */
function longestText(schema: Schema): number {
  if (schema.maxLength !== undefined) return Math.max(0, schema.maxLength) * 4;
  const values = (schema.enum ?? []).filter((value) => typeof value === 'string');
  return values.length > 0 ? Math.max(...values.map((value) => Buffer.byteLength(value))) : maxRequestBytes - 2;
}

/** The fewest bytes that a value of the type takes in JSON. */
function serializedSize(type: CelType): number {
  if (type.kind === 'list' || type.kind === 'map') return 2;
  return 'minSerializedSize' in type ? (type.minSerializedSize ?? 0) : 0;
}
