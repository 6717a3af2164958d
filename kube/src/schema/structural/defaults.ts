import { copyData } from '../decode/index.ts';
import type { Schema } from '../types.ts';
import { isData, mapFields, mapItems, put } from './data.ts';
import { isAbsent, schemaOfField } from './nulls.ts';

/**
 * The value with the schema's defaults where fields are absent, or null and not allowed to be; itself when nothing is
 * missing. Doing it twice changes nothing. Source: "Defaulting" of Kubernetes' documentation of custom resources.
 */
export function withDefaults(value: unknown, schema: Schema | undefined): unknown {
  if (schema === undefined) return value;
  if (Array.isArray(value)) return mapItems(value, (item) => withDefaults(orDefault(item, schema.items), schema.items));
  if (!isData(value)) return value;
  const completed = addDefaults(value, schema);
  return mapFields(completed, (item, key) => {
    const field = schemaOfField(schema, key);
    return withDefaults(orDefault(item, field), field);
  });
}

function addDefaults(object: Record<string, unknown>, schema: Schema): Record<string, unknown> {
  let completed: Record<string, unknown> | undefined;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (isAbsent(property.default) || Object.hasOwn(object, key)) continue;
    if (completed === undefined) {
      completed = {};
      for (const [field, item] of Object.entries(object)) put(completed, field, item);
    }
    put(completed, key, copyData(property.default));
  }
  return completed ?? object;
}

function orDefault(value: unknown, schema: Schema | undefined): unknown {
  if (value !== null || schema === undefined || schema.nullable === true || isAbsent(schema.default)) return value;
  return copyData(schema.default);
}
