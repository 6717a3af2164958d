import type { Schema } from '../types.ts';
import { isData, mapFields, mapItems, own } from './data.ts';

/** The schema of a field: the property's, or that of any further one. */
export function schemaOfField(schema: Schema | undefined, field: string): Schema | undefined {
  const property = own(schema?.properties, field);
  if (property !== undefined) return property;
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/**
 * The value without nulls where the schema neither allows null nor has a default to put in its place; itself when there
 * are none. Source: "Defaulting and Nullable" of Kubernetes' documentation of custom resources.
 */
export function dropNulls(value: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return mapItems(value, (item) => dropNulls(item, schema?.items));
  if (!isData(value)) return value;
  return mapFields(value, (item, key) => {
    const field = schemaOfField(schema, key);
    if (item === null && field !== undefined && field.nullable !== true && isAbsent(field.default)) return undefined;
    return dropNulls(item, field);
  });
}

/** A default of null is none. */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}
