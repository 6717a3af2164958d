import { BerthError } from '../../errors/index.ts';
import { apiVersionOf, type KubeObject } from '../../objects/index.ts';
import { builtInCatalogue } from '../catalogue.ts';
import { copyData, type Decoded, type FieldValidation } from '../decode/index.ts';
import type { ObjectSchema } from '../object-schema.ts';
import { quoted } from '../quoted.ts';
import type { KindDescription, Schema, SchemaCatalogue } from '../types.ts';
import { cleanSchema, withoutUnknownMetadata } from './clean.ts';
import { type Data, isDeeperThan, put } from './data.ts';
import { Defaults } from './defaults.ts';
import { type CustomResourceDefinition, versionOf } from './definition.ts';
import { customKind, scalePathsOf } from './kind.ts';
import { coerceEmbedded, decodeMetadata, embedsResources } from './metadata.ts';
import { dropNulls } from './nulls.ts';
import { prune } from './prune.ts';
import { publishedList, publishedSchema } from './publish.ts';
import { ResourceValidator } from './validate.ts';
import { finalizerWarnings } from './warnings.ts';

/** How the objects of a custom resource in one version are read, completed and judged: by its structural schema. */
export interface CustomSchema extends ObjectSchema {
  /** What the version adds to the published definitions: the kind and its list, by their names. */
  readonly definitions: Readonly<Record<string, Schema>>;
  /**
   * An object that was stored or converted, as this version shows it: without what the schema does not know, with
   * defaults unless they are not wanted: what was converted has those of the version that it was kept in. The object
   * itself when nothing changes; it is never changed.
   */
  read(object: KubeObject, options?: { defaults?: boolean }): KubeObject;
  /** What Kubernetes warns of when such an object is written: finalizers without a domain. */
  warnings(object: KubeObject, old: KubeObject | undefined): string[];
}

/**
 * The schema of one version. To be kept as long as the definition's `spec` stays the same: what it compiles (patterns,
 * rules) it compiles once, when it is first needed. Throws when the definition has no such version.
 */
export function customSchema(definition: CustomResourceDefinition, version: string): CustomSchema {
  const description = customKind(definition, version);
  const written = versionOf(definition, version).schema?.openAPIV3Schema;
  const schema = withoutUnknownMetadata(cleanSchema(written ?? unknownFields));
  const published = publishedSchema(schema);
  const definitions = {
    [description.schema]: published,
    [`${description.schema}List`]: publishedList(description.schema, {
      ...description,
      plural: description.resource,
    }),
  };
  const defaults = new Defaults(schema);
  const serving: Serving = { kind: description, schema, defaults, embeds: embedsResources(schema) };
  const validator = new ResourceValidator(description, schema, scalePathsOf(definition, version));
  return {
    definition: published,
    catalogue: catalogueWith(definitions),
    definitions,
    mergesStrategically: false,
    decode: (value, options) => decode(serving, value, options.mode),
    applyDefaults: (object) => fillDefaults(serving, object),
    prepareForCreate(object) {
      if (description.hasStatus) delete object.status;
      return object;
    },
    validate: (object, old, options) => validator.validate(object, old, options.subresource ?? ''),
    read: (object, options) => read(serving, object, options?.defaults ?? true),
    warnings: finalizerWarnings,
  };
}

/** What is known of a version, worked out once. */
interface Serving {
  kind: KindDescription;
  schema: Schema;
  defaults: Defaults;
  /** Whether its objects hold others. */
  embeds: boolean;
}

/** Of a version that says nothing about its objects, as definitions of `v1` must not. */
const unknownFields: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function catalogueWith(definitions: Readonly<Record<string, Schema>>): SchemaCatalogue {
  const builtIn = builtInCatalogue();
  return {
    definition: (name) => (Object.hasOwn(definitions, name) ? definitions[name] : builtIn.definition(name)),
    resolve(schema) {
      const name = schema.$ref;
      return name !== undefined && Object.hasOwn(definitions, name)
        ? (definitions[name] as Schema)
        : builtIn.resolve(schema);
    },
  };
}

function decode(serving: Serving, value: unknown, mode: FieldValidation): Decoded {
  const { kind } = serving;
  const unknown: string[] = [];
  try {
    const object = decodeWithin(() => decodeFields(serving, value, unknown));
    if (mode === 'Ignore') return { object, warnings: [] };
    const warnings = unknown.slice(0, maximumUnknown).map((path) => `unknown field ${quoted(path)}`);
    if (mode === 'Strict' && warnings.length > 0) {
      throw new BerthError('BadRequest', `strict decoding error: ${warnings.join(', ')}`);
    }
    return { object, warnings };
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(
      'BadRequest',
      `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ${error.message}`,
      { cause: error },
    );
  }
}

/** Levels. Whoever follows an object later does so with a call for each of them: the stack must hold then, too. */
const deepest = 1000;
/** As many as Kubernetes reports. */
const maximumUnknown = 100;

/** Nesting deeper than the stack is refused like any other malformed body. */
function decodeWithin<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw new BerthError('BadRequest', 'exceeded max depth', { cause: error });
    throw error;
  }
}

function decodeFields({ schema, embeds }: Serving, value: unknown, unknown: string[]): KubeObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BerthError('BadRequest', 'json: cannot unmarshal into an object: the body is none');
  }
  if (isDeeperThan(deepest, value)) throw new BerthError('BadRequest', 'exceeded max depth');
  const { metadata: given, ...fields } = value as Data;
  const decoded = decodeMetadata(given);
  unknown.push(...decoded.unknown);
  const object: Data = { ...copyData(fields), metadata: decoded.metadata };
  const known = dropNulls(prune(object, schema, unknown), schema);
  const embedded: string[] = [];
  const coerced = embeds ? coerceEmbedded(known, schema, { malformed: 'refuse', unknown: embedded }) : known;
  unknown.push(...embedded.sort());
  // Where the schema says something of metadata, it may restrict it and never adds to it.
  return { ...(coerced as Data), metadata: decoded.metadata } as unknown as KubeObject;
}

function fillDefaults({ kind, defaults }: Serving, object: KubeObject): KubeObject {
  object.apiVersion = apiVersionOf(kind);
  object.kind = kind.kind;
  // What a client says of a namespace that cannot be is ignored.
  if (!kind.namespaced) delete object.metadata?.namespace;
  const completed = defaults.fill(object) as Data;
  if (completed === object) return object;
  for (const [field, value] of Object.entries(completed)) {
    if (field !== 'metadata') put(object, field, value);
  }
  return object;
}

function read({ schema, defaults, embeds }: Serving, object: KubeObject, filled: boolean): KubeObject {
  const known = dropNulls(prune(object, schema), schema);
  const coerced = embeds ? coerceEmbedded(known, schema, { malformed: 'drop' }) : known;
  const completed = (filled ? defaults.fill(coerced, { lenient: true }) : coerced) as KubeObject;
  return completed === object || completed.metadata === object.metadata
    ? completed
    : { ...completed, metadata: object.metadata };
}
