import type { Schema } from '../types.ts';
import type { Path } from './operations.ts';

type Json = Record<string, unknown>;

const nested = ['properties'] as const;
const single = ['items', 'not'] as const;
const several = ['allOf', 'anyOf', 'oneOf'] as const;

/**
 * The definition of a custom kind as a document publishes it: as its author wrote it, with references to where the
 * document has them. Version 2 leaves out what clients of it would misread. Source: "Publish Validation Schema in
 * OpenAPI" of the Kubernetes documentation.
 */
export function customComponent(schema: Schema, options: { prefix: string; version: 2 | 3 }): Json {
  // Clients of version 2 take a definition with properties for one that has no others.
  if (options.version === 2 && schema['x-kubernetes-preserve-unknown-fields']) return { type: 'object' };
  return write(schema, options);
}

function write(schema: Schema, options: { prefix: string; version: 2 | 3 }): Json {
  const { $ref, ...rest } = options.version === 2 ? readable(schema) : unfolded(schema);
  const written: Json = { ...rest };
  for (const field of nested) {
    const map = rest[field];
    if (map === undefined) continue;
    written[field] = Object.fromEntries(Object.entries(map).map(([name, one]) => [name, write(one, options)]));
  }
  for (const field of single) {
    const one = (rest as Schema)[field];
    if (typeof one === 'object') written[field] = write(one, options);
  }
  for (const field of several) {
    const list = rest[field];
    if (list !== undefined) written[field] = list.map((one) => write(one, options));
  }
  if (typeof rest.additionalProperties === 'object') {
    written.additionalProperties = write(rest.additionalProperties, options);
  }
  if ($ref === undefined) return written;
  const reference = { $ref: options.prefix + $ref };
  // OpenAPI 3.0 ignores what stands beside a reference.
  return options.version === 2 || Object.keys(written).length === 0
    ? { ...written, ...reference }
    : { ...written, allOf: [reference] };
}

/** An integer or a string says so in words that every client of version 3 understands. */
function unfolded(schema: Schema): Schema {
  if (!schema['x-kubernetes-int-or-string'] || schema.anyOf !== undefined || schema.allOf !== undefined) return schema;
  return { ...schema, anyOf: [{ type: 'integer' }, { type: 'string' }] };
}

/** Without what OpenAPI 2 has no words for, and what kubectl would misread. */
function readable(schema: Schema): Schema {
  const { allOf: _all, anyOf: _any, oneOf: _one, not: _not, nullable, ...rest } = schema;
  const isOpen = rest['x-kubernetes-preserve-unknown-fields'] === true;
  if (nullable || isOpen) {
    delete rest.items;
    delete rest.properties;
  }
  if (nullable || (isOpen && rest.type === 'object') || (rest.type === 'array' && rest.items === undefined)) {
    delete rest.type;
  }
  const optional = new Set(
    Object.entries(rest.properties ?? {}).flatMap(([name, { nullable: mayBeNull }]) => (mayBeNull ? [name] : [])),
  );
  if (rest.required === undefined || optional.size === 0) return rest;
  const required = rest.required.filter((name) => !optional.has(name));
  if (required.length > 0) return { ...rest, required };
  const { required: _, ...without } = rest;
  return without;
}

/** What a custom kind answers to: its lists have no merge keys, so that nothing merges strategically. */
export function withoutStrategicMerge(path: Path): Path {
  const operations = path.operations.map((operation) =>
    operation.bodyTypes === undefined
      ? operation
      : { ...operation, bodyTypes: operation.bodyTypes.filter((type) => !type.includes('strategic')) },
  );
  return { ...path, operations };
}
