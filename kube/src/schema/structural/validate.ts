import type { ErrorCause } from '../../errors/index.ts';
import { apiVersionOf, type KubeObject } from '../../objects/index.ts';
import type { KindDescription, Schema } from '../types.ts';
import { validateMetadata, validateMetadataUpdate } from '../validate/metadata.ts';
import { Problems } from '../validate/problems.ts';
import { invalid } from './causes.ts';
import { Correlation } from './correlation.ts';
import { checkEmbedded } from './embedded.ts';
import { causeOf } from './faults.ts';
import type { ScalePaths } from './kind.ts';
import { checkLists, hasKeyedLists } from './lists.ts';
import { embedsResources } from './metadata.ts';
import { Rules } from './rules.ts';
import { checkScale } from './scale.ts';
import { ValueValidator } from './values.ts';

/** Faults after which rules are not asked: their values are not of the shape that the rules were written for. */
const blocking = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

/** Judges the objects of one version of a custom resource. */
export class ResourceValidator {
  readonly #kind: KindDescription;
  readonly #schema: Schema;
  readonly #scale: ScalePaths | undefined;
  readonly #values = new ValueValidator();
  readonly #embeds: boolean;
  readonly #hasLists: boolean;
  #rules: Rules | undefined;

  constructor(kind: KindDescription, schema: Schema, scale: ScalePaths | undefined) {
    this.#kind = kind;
    this.#schema = schema;
    this.#scale = scale;
    this.#embeds = embedsResources(schema);
    this.#hasLists = hasKeyedLists(schema);
  }

  /**
   * What is wrong with the object, in the order in which Kubernetes looks. Where `old` is given, what was wrong before
   * and did not change is forgiven. Through `status` only the status is looked at, and rules.
   */
  validate(object: KubeObject, old: KubeObject | undefined, subresource: string): ErrorCause[] {
    const wrongType = this.#checkType(object);
    if (wrongType.length > 0) return wrongType;
    const past = old === undefined ? undefined : new Correlation(object, old, this.#schema);
    const causes = this.#checkMetadata(object, old);
    const status = subresource === 'status';
    if (status) {
      if (Object.hasOwn(object, 'status')) causes.push(...this.#checkStatus(object.status, past));
    } else {
      const { faults } = this.#values.validate(this.#schema, object, '', past);
      causes.push(...faults.map((fault) => causeOf(fault, '')));
    }
    if (this.#scale !== undefined) causes.push(...checkScale(object, this.#scale, { spec: !status }));
    if (this.#embeds && !status) causes.push(...checkEmbedded(object, this.#schema));
    if (this.#hasLists && (old === undefined || checkLists(old, this.#schema).length === 0)) {
      causes.push(...checkLists(object, this.#schema));
    }
    if (causes.some(({ reason }) => blocking.has(reason ?? ''))) {
      if (this.#rulesOf().any) causes.push(invalid('', null, uncheckedRules));
      return causes;
    }
    return [...causes, ...this.#rulesOf().check(object, old, past)];
  }

  #rulesOf(): Rules {
    this.#rules ??= new Rules(this.#schema);
    return this.#rules;
  }

  #checkType(object: KubeObject): ErrorCause[] {
    const apiVersion = apiVersionOf(this.#kind);
    const causes: ErrorCause[] = [];
    if (object.kind !== this.#kind.kind) causes.push(invalid('kind', object.kind, `must be ${this.#kind.kind}`));
    if (object.apiVersion !== apiVersion) {
      causes.push(invalid('apiVersion', object.apiVersion, `must be ${apiVersion}`));
    }
    return causes;
  }

  #checkMetadata(object: KubeObject, old: KubeObject | undefined): ErrorCause[] {
    const problems = new Problems();
    validateMetadata(this.#kind, object, problems);
    if (old !== undefined) validateMetadataUpdate(object, old, problems);
    return problems.causes;
  }

  /** The status on its own: messages name its fields as if it were the root. */
  #checkStatus(status: unknown, past: Correlation | undefined): ErrorCause[] {
    const schema = this.#schema.properties?.status;
    if (schema === undefined) return [];
    const { faults } = this.#values.validate(schema, status, '', past?.field('status'));
    return faults.map((fault) => causeOf(fault, 'status'));
  }
}

const uncheckedRules =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
