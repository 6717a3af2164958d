import type { ErrorCause } from '../../errors/index.ts';
import { child, entry, forbidden, invalid, required, unsupported } from '../structural/causes.ts';
import { cleanSchema, type WrittenSchema } from '../structural/clean.ts';
import type { Schema } from '../types.ts';
import { validateDefaults } from './custom-resource-definition-defaults.ts';
import { checkRuleTexts, RuleCosts, type RulePlace, validateRules } from './custom-resource-definition-rules.ts';
import { unsupportedKeyword, validateStructural } from './custom-resource-definition-structural.ts';

/** Keywords that say nothing about a status that is taken out of the schema. */
const allowedWithStatus =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations';

const allowedKeywords = new Set([
  ...allowedWithStatus
    .split(' ')
    .filter((name) => !name.startsWith('X'))
    .map((name) => `${name.charAt(0).toLowerCase()}${name.slice(1)}`),
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
]);

/** The schema of a version. `isUnchanged`: what its rules may cost was judged when it was written. */
export function validateRootSchema(
  written: Schema,
  path: string,
  options: { hasStatus: boolean; isUnchanged: boolean },
): ErrorCause[] {
  const malformed: ErrorCause[] = [];
  const schema = cleanSchema(written, path, malformed);
  if (malformed.length > 0) return malformed;
  const causes = options.hasStatus ? checkBesideStatus(schema, path) : [];
  if (schema.nullable === true) causes.push(forbidden(child(path, 'nullable'), 'nullable cannot be true at the root'));
  const unsupportedOne = unsupportedKeyword(schema);
  const structural = unsupportedOne === undefined ? judgeStructure(schema, path) : [];
  causes.push(...structural);
  const costs = new RuleCosts();
  const hasRules = unsupportedOne === undefined && structural.length === 0;
  const place: RulePlace | undefined = hasRules ? { isResource: true, cardinality: 1, costs } : undefined;
  const found = walk(schema, path, { isRoot: true, insideMeta: false, isUnchanged: options.isUnchanged }, place);
  causes.push(...found.schema, ...found.rules);
  if (causes.length === 0 && unsupportedOne !== undefined) causes.push(invalid(path, '', unsupportedOne));
  if (hasRules) causes.push(...costs.causes(path));
  return causes;
}

function judgeStructure(schema: Schema, path: string): ErrorCause[] {
  const structural = validateStructural(schema, path);
  return structural.length > 0 ? structural : validateDefaults(schema, path);
}

function checkBesideStatus(schema: WrittenSchema, path: string): ErrorCause[] {
  const written = Object.entries(schema).filter(([, value]) => value !== false && value !== '');
  const disallowed = written.some(([keyword]) => !allowedKeywords.has(keyword));
  if (schema.type !== undefined && schema.type !== 'object') {
    const message =
      'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    return [invalid(child(path, 'type'), schema.type, message)];
  }
  if (!disallowed) return [];
  const message = `only [${allowedWithStatus}] fields are allowed at the root of the schema if the status subresource is enabled`;
  return [invalid(path, schema, message)];
}

interface Within {
  isRoot: boolean;
  /** Inside `metadata` or the like, of the object or of an embedded resource. */
  insideMeta: boolean;
  isUnchanged: boolean;
  /** Why defaults may not stand here. */
  noDefaults?: string;
  /** The first place from the root whose values cannot be told apart between two states of an object. */
  uncorrelated?: string;
}

interface Found {
  schema: ErrorCause[];
  rules: ErrorCause[];
}

const metaFields = new Set(['metadata', 'kind', 'apiVersion']);

/** A schema and all below it; rules are judged where nothing else is wrong with the schema. */
function walk(schema: WrittenSchema, path: string, within: Within, place: RulePlace | undefined): Found {
  const found: Found = { schema: checkKeywords(schema, path, within), rules: [] };
  const below = (of: Schema | undefined, at: string, inside: Within, there: RulePlace | undefined) => {
    if (of === undefined) return;
    const { schema: schemaCauses, rules } = walk(of, at, { ...inside, isRoot: false }, there);
    found.schema.push(...schemaCauses);
    found.rules.push(...rules);
  };
  const nested = (of: Schema) => place?.costs && placeBelow(place, schema, of);
  const { additionalProperties: additional, items } = schema;
  if (typeof additional === 'object') {
    const reason = 'inside additionalProperties applying to object metadata';
    const inside = within.insideMeta ? { ...within, noDefaults: reason } : within;
    below(additional, child(path, 'additionalProperties'), inside, nested(additional));
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const inside = { ...within };
    if ((within.isRoot || schema['x-kubernetes-embedded-resource'] === true) && metaFields.has(name)) {
      inside.insideMeta = true;
      if (within.isRoot) inside.noDefaults = `in top-level ${name}`;
    }
    below(property, entry(child(path, 'properties'), name), inside, nested(property));
  }
  below(schema.not, child(path, 'not'), within, undefined);
  for (const junctor of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [index, of] of (schema[junctor] ?? []).entries()) {
      below(of, entry(child(path, junctor), index), within, undefined);
    }
  }
  if (items !== undefined) {
    const keyed = schema['x-kubernetes-list-type'] === 'map';
    const inside = keyed ? within : { ...within, uncorrelated: within.uncorrelated ?? path };
    below(items, child(path, 'items'), inside, nested(items));
  }
  found.schema.push(...checkTypes(schema, path), ...checkListKeys(schema, path), ...checkRuleTexts(schema, path));
  if (place !== undefined && found.schema.length === 0) {
    found.rules.push(...validateRules(schema, path, place, within));
  }
  return found;
}

/** How often values of a schema below may stand in an object: by the bounds of all lists and maps around them. */
function placeBelow(place: RulePlace, schema: Schema, of: Schema): RulePlace {
  const most = mostElements(schema);
  const cardinality =
    most === undefined || place.cardinality === undefined ? undefined : place.cardinality * Math.max(0, most);
  return { isResource: of['x-kubernetes-embedded-resource'] === true, cardinality, costs: place.costs };
}

function mostElements(schema: Schema): number | undefined {
  if (schema.type === 'array') return schema.maxItems;
  if (schema.type === 'object' && schema.additionalProperties !== undefined) return schema.maxProperties;
  return 1;
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

function checkKeywords(schema: WrittenSchema, path: string, within: Within): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const forbid = (keyword: string, message: string) => causes.push(forbidden(child(path, keyword), message));
  const type: string | undefined = schema.type;
  if (type && !types.includes(type)) causes.push(unsupported(child(path, 'type'), type, types));
  if (schema.default !== undefined && within.noDefaults !== undefined) {
    forbid('default', `must not be set ${within.noDefaults}`);
  }
  if (schema.id) forbid('id', 'id is not supported');
  if (schema.additionalItems !== undefined) forbid('additionalItems', 'additionalItems is not supported');
  for (const keyword of ['patternProperties', 'definitions'] as const) {
    if (Object.keys(schema[keyword] ?? {}).length > 0) forbid(keyword, `${keyword} is not supported`);
  }
  if (schema.dependencies !== undefined) forbid('dependencies', 'dependencies is not supported');
  if (schema.$ref !== undefined) forbid('$ref', '$ref is not supported');
  if (type === 'null') forbid('type', 'type cannot be set to null, use nullable as an alternative');
  if (within.insideMeta && schema['x-kubernetes-embedded-resource'] === true) {
    forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta');
  }
  if (schema.uniqueItems === true) {
    forbid('uniqueItems', 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  }
  const additional = schema.additionalProperties;
  if (additional !== undefined && additional !== true && Object.keys(schema.properties ?? {}).length > 0) {
    forbid('additionalProperties', 'additionalProperties and properties are mutual exclusive');
  }
  return causes;
}

/** List and map types, and what they demand of the schema. */
function checkTypes(schema: Schema, path: string): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const preserves = schema['x-kubernetes-preserve-unknown-fields'];
  if (preserves === false) {
    causes.push(invalid(child(path, 'x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined'));
  }
  const demand = (keyword: string, type: string, ...also: ErrorCause[]) => {
    const message = `must be ${type} if ${keyword} is specified`;
    if (!schema.type) causes.push(required(child(path, 'type'), message));
    else if (schema.type !== type) causes.push(invalid(child(path, 'type'), schema.type, message));
    else causes.push(...also);
  };
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined) {
    demand('x-kubernetes-map-type', 'object');
    if (mapType !== 'atomic' && mapType !== 'granular') {
      causes.push(unsupported(child(path, 'x-kubernetes-map-type'), mapType, ['atomic', 'granular']));
    }
  }
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== undefined) {
    demand('x-kubernetes-list-type', 'array', ...checkSetItems(schema, path));
    const lists = ['atomic', 'set', 'map'];
    if (!lists.includes(listType)) causes.push(unsupported(child(path, 'x-kubernetes-list-type'), listType, lists));
  }
  if ((schema['x-kubernetes-list-map-keys'] ?? []).length > 0 && listType !== 'map') {
    const at = child(path, 'x-kubernetes-list-type');
    const message = 'must be map if x-kubernetes-list-map-keys is non-empty';
    causes.push(listType === undefined ? required(at, message) : invalid(at, listType, message));
  }
  return causes;
}

function checkSetItems(schema: Schema, path: string): ErrorCause[] {
  const { items } = schema;
  if (schema['x-kubernetes-list-type'] !== 'set' || items === undefined) return [];
  const message = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic') {
    return [invalid(child(path, 'items.x-kubernetes-list-type'), listType, message)];
  }
  if (items.type !== 'object' || items['x-kubernetes-map-type'] === 'atomic') return [];
  return [invalid(child(path, 'items.x-kubernetes-map-type'), listType ?? null, message)];
}

/** Lists of type `map`: their keys, and that items can always be told apart. */
function checkListKeys(schema: Schema, path: string): ErrorCause[] {
  const listType = schema['x-kubernetes-list-type'];
  const { items } = schema;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const causes: ErrorCause[] = [];
  if (listType === 'map') {
    const keysPath = child(path, 'x-kubernetes-list-map-keys');
    if (keys.length === 0) causes.push(required(keysPath, 'must not be empty if x-kubernetes-list-type is map'));
    if (items === undefined) {
      causes.push(required(child(path, 'items'), 'must have a schema if x-kubernetes-list-type is map'));
    } else if (items.type !== 'object') {
      const message = "must be object if parent array's x-kubernetes-list-type is map";
      causes.push(invalid(child(path, 'items.type'), items.type ?? '', message));
    } else {
      for (const [index, key] of keys.entries()) {
        const property = propertyOf(items, key);
        if (property === undefined)
          causes.push(invalid(keysPath, keys, 'entries must all be names of item properties'));
        else if (property.type === 'array' || property.type === 'object') {
          const at = child(entry(child(path, 'items.properties'), key), 'type');
          causes.push(invalid(at, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
        }
        if (keys.indexOf(key) < index) causes.push(invalid(keysPath, keys, 'must not contain duplicate entries'));
      }
    }
  }
  if (items === undefined || (listType !== 'set' && listType !== 'map')) return causes;
  if (items.nullable === true) {
    const message = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
    causes.push(forbidden(child(path, 'items.nullable'), message));
  }
  if (listType === 'set') return causes;
  for (const key of keys) {
    const property = propertyOf(items, key);
    if (property === undefined) continue;
    const at = entry(child(path, 'items.properties'), key);
    const reason = 'this property is in x-kubernetes-list-map-keys, so it';
    if (!items.required?.includes(key) && property.default === undefined) {
      causes.push(required(child(at, 'default'), `${reason} must have a default or be a required property`));
    }
    if (property.nullable === true) causes.push(forbidden(child(at, 'nullable'), `${reason} cannot be nullable`));
  }
  return causes;
}

function propertyOf(schema: Schema, name: string): Schema | undefined {
  return schema.properties !== undefined && Object.hasOwn(schema.properties, name)
    ? schema.properties[name]
    : undefined;
}
