import type { ErrorCause } from '../errors/index.ts';
import type { KubeObject } from '../objects/index.ts';
import { builtInCatalogue } from './catalogue.ts';
import { type Decoded, decodeObject, type FieldValidation } from './decode/index.ts';
import { applyDefaults, dropDisabled, prepareForCreate } from './defaults/index.ts';
import type { KindDescription, Schema, SchemaCatalogue } from './types.ts';
import { validate } from './validate/index.ts';
import { warningsOf } from './warnings/index.ts';

/**
 * How the objects of one kind in one version are read, completed and judged: built-in kinds by their data, custom ones
 * by the schema of their CustomResourceDefinition. Whoever handles objects asks this, and never which kind it is.
 */
export interface ObjectSchema {
  /** The definition, for list and map types; undefined when the kind has none, and its objects merge by their shape. */
  readonly definition: Schema | undefined;
  /** Where the definition's references lead. */
  readonly catalogue: SchemaCatalogue;
  /** Whether the definition says how a strategic merge patch merges. */
  readonly mergesStrategically: boolean;
  /**
   * A new object with known fields only, which shares nothing mutable with `value`. What is unknown is refused
   * (`Strict`), reported in `warnings`, or dropped silently. Throws `BadRequest` for what cannot be an object of the kind.
   */
  decode(value: unknown, options: { mode: FieldValidation }): Decoded;
  /** Fills in what the object leaves open, in place, and answers it. Doing it twice changes nothing. */
  applyDefaults(object: KubeObject): KubeObject;
  /** What the server itself gives a new object beyond defaults, in place; a status that a client sent is dropped. */
  prepareForCreate(object: KubeObject): KubeObject;
  /** What the server itself takes away from an object that replaces `old`, in place. */
  prepareForUpdate?(object: KubeObject, old: KubeObject): KubeObject;
  /** What is wrong with the object, one cause a field in Kubernetes' words; `old` is what it replaces. */
  validate(object: KubeObject, old: KubeObject | undefined, options: { subresource: string }): ErrorCause[];
  /** What the writer is told of an object that is valid all the same. */
  warnings?(object: KubeObject, old: KubeObject | undefined, options: { subresource: string }): string[];
}

/** The schema of a kind that the catalogue describes. */
export function builtInSchema(kind: KindDescription): ObjectSchema {
  return {
    get definition() {
      return builtInCatalogue().definition(kind.schema);
    },
    get catalogue() {
      return builtInCatalogue();
    },
    mergesStrategically: true,
    decode: (value, options) => decodeObject(kind, value, options),
    applyDefaults: (object) => applyDefaults(kind, object),
    prepareForCreate: (object) => prepareForCreate(kind, object),
    prepareForUpdate: (object, old) => dropDisabled(kind, object, old),
    validate: (object, old, options) => validate(kind, object, old, options),
    warnings: (object, old, { subresource }) => (subresource === '' ? warningsOf(kind, object, old) : []),
  };
}
