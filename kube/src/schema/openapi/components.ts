import type { KindDescription, Schema } from '../types.ts';
import { optionsDefinition, statusDefinition, watchEventDefinition } from './operations.ts';

/** Texts for the fields of a definition; `''` is the definition's own. */
export type Describe = (definition: string) => ReadonlyMap<string, string> | undefined;

type Json = Record<string, unknown>;

/** The definitions that are reachable from some, as they stand in the catalogue. */
export function reachable(definitions: Readonly<Record<string, Schema>>, roots: Iterable<string>): Map<string, Schema> {
  const found = new Map<string, Schema>();
  const pending = [...roots];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const schema = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
    if (schema === undefined || found.has(name)) continue;
    found.set(name, schema);
    collectReferences(schema, pending);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function collectReferences(schema: Schema, into: string[]): void {
  if (schema.$ref !== undefined) into.push(schema.$ref);
  for (const property of Object.values(schema.properties ?? {})) collectReferences(property, into);
  if (schema.items !== undefined) collectReferences(schema.items, into);
  if (typeof schema.additionalProperties === 'object') collectReferences(schema.additionalProperties, into);
}

/** Which kinds of which versions a definition is the schema of. */
export function kindsOfDefinitions(kinds: readonly KindDescription[]): Map<string, Json[]> {
  const found = new Map<string, Json[]>();
  const add = (definition: string, gvk: Json) => found.set(definition, [...(found.get(definition) ?? []), gvk]);
  const versions = new Map<string, { group: string; version: string }>();
  for (const { group, version, kind, listKind, schema, verbs } of kinds) {
    add(schema, { group, kind, version });
    if (verbs.includes('list')) add(`${schema}List`, { group, kind: listKind, version });
    versions.set(`${group}/${version}`, { group, version });
  }
  for (const { group, version } of versions.values()) {
    add(optionsDefinition, { group, kind: 'DeleteOptions', version });
    add(watchEventDefinition, { group, kind: 'WatchEvent', version });
  }
  add(statusDefinition, { group: '', kind: 'Status', version: 'v1' });
  add('io.k8s.api.autoscaling.v1.Scale', { group: 'autoscaling', kind: 'Scale', version: 'v1' });
  add('io.k8s.api.policy.v1.Eviction', { group: 'policy', kind: 'Eviction', version: 'v1' });
  add('io.k8s.api.authentication.v1.TokenRequest', {
    group: 'authentication.k8s.io',
    kind: 'TokenRequest',
    version: 'v1',
  });
  return found;
}

/** A definition as either version of OpenAPI writes it; `prefix` is where its references point. */
export function component(
  name: string,
  schema: Schema,
  options: { prefix: string; version: 2 | 3; gvks?: Json[] | undefined; describe?: Describe | undefined },
): Json {
  const texts = options.describe?.(name);
  const written = write(schema, options, texts);
  const own = texts?.get('');
  if (own !== undefined) written.description = own;
  if (options.gvks !== undefined) {
    written['x-kubernetes-group-version-kind'] = options.gvks;
    // The published models have no words for what every kind has.
    for (const [field, description] of Object.entries(typeTexts)) {
      const property = (written.properties as Record<string, Json> | undefined)?.[field];
      if (property && property.description === undefined) property.description = description;
    }
  }
  return written;
}

const conventions = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';

/** What the fields mean that say what an object is. */
export const typeTexts = {
  apiVersion: `APIVersion defines the versioned schema of this representation of an object. More info: ${conventions}#resources`,
  kind: `Kind is a string value representing the REST resource this object represents. In CamelCase. More info: ${conventions}#types-kinds`,
} as const;

function write(schema: Schema, options: { prefix: string; version: 2 | 3 }, texts?: ReadonlyMap<string, string>): Json {
  const { $ref, properties, items, additionalProperties, ...rest } = schema;
  const written: Json = { ...rest };
  if ($ref !== undefined) {
    const reference = { $ref: `${options.prefix}${$ref}` };
    if (options.version === 2 || Object.keys(written).length === 0) return { ...written, ...reference };
    return { ...written, allOf: [reference] };
  }
  if (options.version === 3 && schema.format === 'quantity') return { oneOf: [{ type: 'string' }, { type: 'number' }] };
  if (options.version === 3 && schema['x-kubernetes-int-or-string']) {
    return { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] };
  }
  if (schema.format === 'quantity') delete written.format;
  if (schema.format === 'date-time-micro') written.format = 'date-time';
  if (schema['x-kubernetes-int-or-string']) delete written['x-kubernetes-int-or-string'];
  // Kubernetes' own documents say this of custom resources only.
  delete written['x-kubernetes-preserve-unknown-fields'];
  if (properties !== undefined && Object.keys(properties).length > 0) {
    const fields: Json = {};
    for (const [field, of] of Object.entries(properties)) {
      const text = texts?.get(field);
      const property = write(of, options);
      fields[field] = text === undefined ? property : described(property, text, options.version);
    }
    written.properties = fields;
  }
  if (items !== undefined) written.items = write(items, options);
  if (typeof additionalProperties === 'object') written.additionalProperties = write(additionalProperties, options);
  return written;
}

/** OpenAPI 3.0 ignores what stands beside a `$ref`: it goes around it. */
function described(property: Json, description: string, version: 2 | 3): Json {
  if (version === 3 && property.$ref !== undefined) return { description, allOf: [{ $ref: property.$ref }] };
  return { description, ...property };
}
