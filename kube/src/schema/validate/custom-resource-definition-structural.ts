import type { ErrorCause } from '../../errors/index.ts';
import { child, entry, forbidden, invalid, required } from '../structural/causes.ts';
import type { WrittenSchema } from '../structural/clean.ts';
import { own, sameData } from '../structural/data.ts';
import { compilePattern } from '../structural/values.ts';
import type { Schema } from '../types.ts';

/** Why a schema cannot be structural at all: keywords that Kubernetes has no place for. */
export function unsupportedKeyword(schema: WrittenSchema): string | undefined {
  const { id, $schema, $ref } = schema;
  const filled = (map: Record<string, unknown> | undefined) => Object.keys(map ?? {}).length > 0;
  const found =
    (id && 'id') ||
    ($schema && 'schema') ||
    ($ref && '$ref') ||
    (filled(schema.patternProperties) && 'patternProperties') ||
    (filled(schema.dependencies) && 'dependencies') ||
    (schema.additionalItems !== undefined && 'additionalItems') ||
    (filled(schema.definitions) && 'definitions');
  if (found) return `OpenAPIV3Schema '${found}' is not supported`;
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  }
  for (const nested of schemasBelow(schema)) {
    const below = unsupportedKeyword(nested);
    if (below !== undefined) return below;
  }
  return undefined;
}

function schemasBelow(schema: Schema): Schema[] {
  const { items, not, additionalProperties } = schema;
  return [
    ...Object.values(schema.properties ?? {}),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(items === undefined ? [] : [items]),
    ...(not === undefined ? [] : [not]),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
}

type Level = 'root' | 'field' | 'item';

const places: Readonly<Record<Level, string>> = {
  root: 'at the root',
  field: 'for specified object fields',
  item: 'for specified array items',
};

/**
 * Whether a schema is structural: it says of every place what type it has, outside of `allOf`, `anyOf`, `oneOf` and `not`,
 * which may only restrict. Source: "Specifying a structural schema" of Kubernetes' documentation.
 */
export function validateStructural(schema: Schema, path: string): ErrorCause[] {
  return [...checkSpine(schema, 'root', path), ...checkCompleteness(schema, schema, path, path)];
}

function checkSpine(schema: Schema, level: Level, path: string): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const { items, properties = {}, additionalProperties: additional } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  if (schema.type === 'array' && items === undefined) causes.push(required(child(path, 'items'), 'must be specified'));
  if (items !== undefined) causes.push(...checkSpine(items, 'item', child(path, 'items')));
  for (const [name, property] of Object.entries(properties)) {
    causes.push(...checkSpine(property, 'field', entry(child(path, 'properties'), name)));
  }
  if (additional !== undefined) {
    const at = child(path, 'additionalProperties');
    if (level === 'root') causes.push(forbidden(at, 'must not be used at the root'));
    if (typeof additional === 'object') causes.push(...checkSpine(additional, 'field', at));
    if (embedded) causes.push(forbidden(at, 'must not be used if x-kubernetes-embedded-resource is set'));
  }
  for (const [keyword, set] of [
    ['x-kubernetes-preserve-unknown-fields', preserves],
    ['x-kubernetes-embedded-resource', embedded],
  ] as const) {
    if (intOrString && set) {
      causes.push(invalid(child(path, keyword), true, 'must be false if x-kubernetes-int-or-string is true'));
    }
  }
  causes.push(
    ...checkRestrictions(schema, path, { skipAnyOf: isIntOrString(schema), skipFirst: startsIntOrString(schema) }),
  );
  const type = child(path, 'type');
  if (embedded && schema.type !== 'object') {
    const message = 'must be object if x-kubernetes-embedded-resource is true';
    causes.push(schema.type ? invalid(type, schema.type, message) : required(type, message));
  } else if (!schema.type && !intOrString && !preserves) {
    causes.push(required(type, `must not be empty ${places[level]}`));
  }
  if (level === 'root' && schema.type && schema.type !== 'object') {
    causes.push(invalid(type, schema.type, 'must be object at the root'));
  }
  causes.push(...checkResourceFields(schema, level, path));
  if (embedded && !preserves && Object.keys(properties).length === 0) {
    const message =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    causes.push(required(child(path, 'properties'), message));
  }
  return causes;
}

/** `apiVersion`, `kind` and `metadata` of the object and of embedded resources are what they always are. */
function checkResourceFields(schema: Schema, level: Level, path: string): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const isResource = level === 'root' || schema['x-kubernetes-embedded-resource'] === true;
  const at = (name: string) => entry(child(path, 'properties'), name);
  for (const name of ['kind', 'apiVersion']) {
    const property = own(schema.properties, name);
    if (isResource && property !== undefined && property.type !== 'string') {
      causes.push(invalid(child(at(name), 'type'), property.type ?? '', 'must be string'));
    }
  }
  const metadata = own(schema.properties, 'metadata');
  if (metadata === undefined) return causes;
  if (isResource && metadata.type !== 'object') {
    causes.push(invalid(child(at('metadata'), 'type'), metadata.type ?? '', 'must be object'));
  }
  if (level === 'root' && !restrictsNamesOnly(metadata)) {
    const message = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
    causes.push(forbidden(at('metadata'), message));
  }
  return causes;
}

function restrictsNamesOnly({ properties = {}, ...rest }: Schema): boolean {
  const names = Object.keys(properties);
  const known = names.every((name) => name === 'name' || name === 'generateName');
  const said = Object.entries(rest).filter(
    ([keyword, value]) => !['type', 'default', 'externalDocs', 'example'].includes(keyword) && !isZero(value),
  );
  return known && said.length === 0;
}

function isZero(value: unknown): boolean {
  return value === false || value === '' || (Array.isArray(value) && value.length === 0);
}

const intOrStringAlternatives = [{ type: 'integer' }, { type: 'string' }];

function isIntOrString({ anyOf }: Schema): boolean {
  return sameData(anyOf, intOrStringAlternatives);
}

function startsIntOrString({ allOf }: Schema): boolean {
  return allOf?.[0] !== undefined && isIntOrString(allOf[0]);
}

/** The junctors, which restrict values and say nothing else of them. */
function checkRestrictions(
  schema: Schema,
  path: string,
  { skipAnyOf, skipFirst }: { skipAnyOf: boolean; skipFirst: boolean },
): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const nested = (of: Schema, at: string, skip = false) => {
    causes.push(...checkNested(of, at, skip));
  };
  for (const junctor of ['anyOf', 'allOf', 'oneOf'] as const) {
    if (junctor === 'anyOf' && skipAnyOf) continue;
    for (const [index, of] of (schema[junctor] ?? []).entries()) {
      nested(of, entry(child(path, junctor), index), junctor === 'allOf' && skipFirst && index === 0);
    }
  }
  if (schema.not !== undefined) nested(schema.not, child(path, 'not'));
  const wrong = schema.pattern ? compilePattern(schema.pattern) : undefined;
  if (typeof wrong === 'string') {
    const message = `must be a valid regular expression, but isn't: ${wrong}`;
    causes.push(invalid(child(path, 'pattern'), schema.pattern, message));
  }
  return causes;
}

const notInJunctors: readonly (readonly [keyword: keyof Schema, message: string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

function checkNested(schema: Schema, path: string, skipAnyOf = false): ErrorCause[] {
  const causes = checkRestrictions(schema, path, { skipAnyOf, skipFirst: false });
  if (schema.items !== undefined) causes.push(...checkNested(schema.items, child(path, 'items')));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    causes.push(...checkNested(property, entry(child(path, 'properties'), name)));
  }
  for (const [keyword, message] of notInJunctors) {
    if (schema[keyword] !== undefined && !isZero(schema[keyword]))
      causes.push(forbidden(child(path, keyword), message));
  }
  if (own(schema.properties, 'metadata') !== undefined) {
    const at = entry(child(path, 'properties'), 'metadata');
    causes.push(forbidden(at, 'must not be specified in a nested context'));
  }
  return causes;
}

/** Whatever the junctors of `restricting` speak of must be there in the structure. */
function checkCompleteness(restricting: Schema, structure: Schema | undefined, at: string, path: string): ErrorCause[] {
  if (structure === undefined) return [required(at, `because it is defined in ${path}`)];
  const causes: ErrorCause[] = [];
  const nested = (of: Schema, place: string) => {
    causes.push(...checkNestedCompleteness(of, structure, at, place));
  };
  if (restricting.not !== undefined) nested(restricting.not, child(path, 'not'));
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [index, of] of (restricting[junctor] ?? []).entries()) nested(of, entry(child(path, junctor), index));
  }
  return causes;
}

function checkNestedCompleteness(
  nested: Schema,
  structure: Schema | undefined,
  at: string,
  path: string,
): ErrorCause[] {
  if (structure === undefined) return [required(at, `because it is defined in ${path}`)];
  const causes = checkCompleteness(nested, structure, at, path);
  if (nested.items !== undefined) {
    const place = child(path, 'items');
    causes.push(...checkNestedCompleteness(nested.items, structure.items, child(at, 'items'), place));
  }
  for (const [name, property] of Object.entries(nested.properties ?? {})) {
    const place = entry(child(path, 'properties'), name);
    const where = entry(child(at, 'properties'), name);
    causes.push(...checkNestedCompleteness(property, own(structure.properties, name), where, place));
  }
  return causes;
}
