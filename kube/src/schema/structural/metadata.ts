import { BerthError, type ErrorCause } from '../../errors/index.ts';
import { decodeDefinition } from '../decode/index.ts';
import type { Schema } from '../types.ts';
import { child, invalid } from './causes.ts';
import { type Data, isData, mapFields, mapItems, own, sameData } from './data.ts';
import { schemaOfField } from './nulls.ts';

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

interface Metadata {
  metadata: Data;
  /** Paths below the object: `metadata.foo`. */
  unknown: string[];
}

/** `metadata` as every object has it. Throws `BadRequest` for fields of wrong types. */
export function decodeMetadata(value: unknown): Metadata {
  const { object, unknown } = decodeDefinition(objectMeta, value, { mode: 'Warn' });
  if (object.creationTimestamp === null) delete object.creationTimestamp;
  return { metadata: object, unknown: unknown.map((path) => `metadata.${path}`) };
}

/**
 * The value with the metadata of the resources that it embeds as every object has it; itself when nothing changes.
 * `malformed` says what becomes of fields of wrong types: an error as for a client's mistake (`BadRequest`), or, when
 * the object was stored before the schema said so, their loss. `unknown` receives the paths of unknown fields.
 */
export function coerceEmbedded(
  value: unknown,
  schema: Schema | undefined,
  options: { malformed: 'refuse' | 'drop'; unknown?: string[] },
): unknown {
  return coerce(value, schema, '', options);
}

/** Whether a schema embeds resources anywhere. Most do not: their objects need not be walked. */
export function embedsResources(schema: Schema): boolean {
  if (schema['x-kubernetes-embedded-resource'] === true) return true;
  if (schema.items !== undefined && embedsResources(schema.items)) return true;
  if (typeof schema.additionalProperties === 'object' && embedsResources(schema.additionalProperties)) return true;
  return Object.values(schema.properties ?? {}).some(embedsResources);
}

type CoerceOptions = Parameters<typeof coerceEmbedded>[2];

function coerce(value: unknown, schema: Schema | undefined, at: string, options: CoerceOptions): unknown {
  if (schema === undefined) return value;
  if (Array.isArray(value)) {
    return mapItems(value, (item, index) => coerce(item, schema.items, `${at}[${index}]`, options));
  }
  if (!isData(value)) return value;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  return mapFields(value, (item, key) => {
    const path = at === '' ? key : `${at}.${key}`;
    if (embedded && (key === 'apiVersion' || key === 'kind') && typeof item !== 'string') {
      if (options.malformed === 'drop') return undefined;
      throw refusal(invalid(path, item, 'must be a string'));
    }
    const coerced = embedded && key === 'metadata' ? coerceMetadata(item, at, options) : item;
    return coerce(coerced, schemaOfField(schema, key), path, options);
  });
}

function coerceMetadata(value: unknown, at: string, options: CoerceOptions): unknown {
  const decoded = options.malformed === 'drop' ? decodeWhatFits(value) : decodeStrictly(value, at);
  if (decoded === undefined) return value;
  options.unknown?.push(...decoded.unknown.map((path) => `${at}.${path}`));
  return sameData(decoded.metadata, value) ? value : decoded.metadata;
}

function decodeStrictly(value: unknown, at: string): Metadata {
  try {
    return decodeMetadata(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw refusal(invalid(child(at, 'metadata'), value, reason));
  }
}

function refusal(cause: ErrorCause): BerthError {
  return new BerthError('BadRequest', `${cause.field}: ${cause.message}`, { details: { causes: [cause] } });
}

/** Field by field, without those that are malformed; undefined for what is no object at all. */
function decodeWhatFits(value: unknown): Metadata | undefined {
  try {
    return decodeMetadata(value);
  } catch {
    if (!isData(value)) return undefined;
    const fitting = mapFields(value, (item, key) => {
      try {
        decodeMetadata({ [key]: own(value, key) });
        return item;
      } catch {
        return undefined;
      }
    });
    return decodeMetadata(fitting);
  }
}
