import { typeTexts } from '../openapi/components.ts';
import type { Schema } from '../types.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const conventions = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';

const apiVersion: Schema = { type: 'string', description: typeTexts.apiVersion };
const kind: Schema = { type: 'string', description: typeTexts.kind };
const metadata: Schema = {
  $ref: `${meta}.ObjectMeta`,
  description: `Standard object's metadata. More info: ${conventions}#metadata`,
};

/**
 * A structural schema as a definition of the catalogue: with what every resource has, at the root and in embedded ones.
 * Where an object takes fields that it does not name, `additionalProperties` says so: that is how field ownership and
 * OpenAPI know it.
 */
export function publishedSchema(schema: Schema): Schema {
  return withResourceFields(complete(schema));
}

function complete(schema: Schema): Schema {
  const completed = { ...schema };
  if (schema.properties !== undefined) {
    completed.properties = mapSchemas(schema.properties, complete);
  }
  if (schema.items !== undefined) completed.items = complete(schema.items);
  if (typeof schema.additionalProperties === 'object') {
    completed.additionalProperties = complete(schema.additionalProperties);
  }
  if (schema['x-kubernetes-embedded-resource'] !== true) return completed;
  const required = new Set([...(completed.required ?? []), 'kind', 'apiVersion']);
  return { ...withResourceFields(completed), required: [...required] };
}

function withResourceFields(schema: Schema): Schema {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...properties } = schema.properties ?? {};
  return { ...schema, properties: { apiVersion, kind, metadata, ...properties } };
}

/** The definition of a list of them. */
export function publishedList(definition: string, names: { kind: string; listKind: string; plural: string }): Schema {
  return {
    type: 'object',
    description: `${names.listKind} is a list of ${names.kind}`,
    required: ['items'],
    properties: {
      apiVersion,
      items: {
        type: 'array',
        description: `List of ${names.plural}. More info: ${conventions}`,
        items: { $ref: definition },
      },
      kind,
      metadata: {
        $ref: `${meta}.ListMeta`,
        description: `Standard list metadata. More info: ${conventions}#types-kinds`,
      },
    },
  };
}

/** The schemas by the same names, `__proto__` included. */
function mapSchemas(
  schemas: Readonly<Record<string, Schema>>,
  map: (schema: Schema) => Schema,
): Record<string, Schema> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, map(schema)]));
}
