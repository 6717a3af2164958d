import { RE2JS } from 're2js';
import { BerthError } from '../../errors/index.ts';
import { quoted } from '../quoted.ts';
import type { Schema } from '../types.ts';
import type { Correlation } from './correlation.ts';
import { type Data, isData, own, sameData } from './data.ts';
import { type Fault, Outcome } from './faults.ts';
import { formatCheck } from './formats.ts';
import { checkFormat, checkNumber, checkString, checkType } from './scalars.ts';

/**
 * What one validation may take. What a body alone can ask for is bounded by its size and not counted: a step is one of the
 * alternatives of a value, or as long for a pattern or an enumeration. About a second and a half.
 */
const mostSteps = 1_000_000;
const stepsOfFault = 4;
/** States of a pattern that are looked at in the time of a step. */
const statesInStep = 32;

/**
 * Validates values against schemas as Kubernetes does with OpenAPI v3: the same faults, the same choice among those of
 * alternatives. Patterns are RE2's, which no input can slow down; each is compiled once.
 */
export class ValueValidator {
  readonly #patterns = new Map<string, RE2JS | string>();
  #left = 0;

  /**
   * `name` is the value's path; `correlation` its past, when it has one: what was wrong before and did not change is
   * not told (KEP-4008).
   */
  validate(schema: Schema, value: unknown, name = '', correlation?: Correlation): Outcome {
    this.#left = mostSteps;
    return this.#validate(schema, value, name, correlation);
  }

  #validate(schema: Schema, value: unknown, name: string, correlation?: Correlation): Outcome {
    const outcome = this.#check(schema, value, name, correlation);
    return outcome.valid || correlation?.equal !== true ? outcome : new Outcome();
  }

  #check(schema: Schema, value: unknown, name: string, correlation: Correlation | undefined): Outcome {
    const outcome = new Outcome();
    const type = checkType(schema, value, name);
    if (value === null || value === undefined) {
      if (type !== undefined) outcome.merge(type);
      this.#checkEnum(schema, value, name, outcome);
      return outcome;
    }
    if (type !== undefined) step(outcome, type);
    step(outcome, this.#checkJunctors(schema, value, name));
    if (typeof value === 'string') {
      if (schema.pattern !== undefined) this.#spend(this.#costOf(schema.pattern, value));
      stepFault(outcome, checkString(schema, value, name, this.#pattern));
      if (formatCheck(schema.format) !== undefined) stepFault(outcome, checkFormat(schema, value, name));
    } else if (typeof value === 'number') {
      step(outcome, checkNumber(schema, value, name));
    } else if (Array.isArray(value)) {
      step(outcome, this.#checkItems(schema, value, name, correlation));
    }
    this.#checkEnum(schema, value, name, outcome);
    outcome.matched++;
    if (isData(value)) step(outcome, this.#checkFields(schema, value, name, correlation));
    outcome.matched++;
    return outcome;
  }

  #checkEnum({ enum: values }: Schema, value: unknown, name: string, outcome: Outcome): void {
    if (values === undefined || values.length === 0) return;
    this.#spend(values.length / 16);
    if (value !== null && values.some((each) => sameData(each, value) || isRounded(value, each))) return;
    outcome.add({ type: 'enum', name, value, values, message: `${name} in body should be one of the values` });
  }

  #checkItems(schema: Schema, list: readonly unknown[], name: string, correlation: Correlation | undefined): Outcome {
    const outcome = new Outcome();
    const { items, minItems, maxItems } = schema;
    if (items !== undefined) {
      for (const [index, item] of list.entries()) {
        outcome.merge(this.#validate(items, item, `${name}[${index}]`, correlation?.item(index)));
      }
    }
    const size = list.length;
    if (minItems !== undefined && size < minItems) {
      const message = `${name} in body should have at least ${minItems} items`;
      outcome.add({ type: 'invalid', name, value: size, message });
    }
    if (maxItems !== undefined && size > maxItems) {
      const message = `${name} in body should have at most ${maxItems} items`;
      outcome.add({ type: 'too-many', name, actual: size, maximum: maxItems, message });
    }
    if (
      schema.uniqueItems === true &&
      list.some((item, at) => list.slice(0, at).some((each) => sameData(each, item)))
    ) {
      outcome.add({ type: 'invalid', name, value: '', message: `${name} in body shouldn't contain duplicates` });
    }
    outcome.matched++;
    return outcome;
  }

  #checkFields(schema: Schema, object: Data, name: string, correlation: Correlation | undefined): Outcome {
    const outcome = new Outcome();
    const { minProperties, maxProperties, additionalProperties, properties } = schema;
    const size = Object.keys(object).length;
    if (minProperties !== undefined && size < minProperties) {
      const message = `${name} in body should have at least ${minProperties} properties`;
      outcome.add({ type: 'invalid', name, value: size, message });
    }
    if (maxProperties !== undefined && size > maxProperties) {
      const message = `${name} in body should have at most ${maxProperties} properties`;
      outcome.add({ type: 'too-many', name, actual: size, maximum: maxProperties, message });
    }
    for (const [key, value] of Object.entries(object)) {
      const property = own(properties, key);
      if (property !== undefined) {
        const below = name === '' ? key : `${name}.${key}`;
        outcome.merge(this.#validate(property, value, below, pastOf(correlation, key, name)));
      } else if (additionalProperties === false) {
        const message = `${name}.${key} in body is a forbidden property`;
        outcome.add({ type: 'invalid', name, value: key, message });
      } else if (typeof additionalProperties === 'object') {
        outcome.merge(this.#validate(additionalProperties, value, `${name}.${key}`, pastOf(correlation, key, name)));
      }
    }
    for (const key of schema.required ?? []) {
      if (Object.hasOwn(object, key)) continue;
      const field = `${name}.${key}`;
      outcome.add({ type: 'required', name: field, message: `${field} in body is required` });
    }
    return outcome;
  }

  #checkJunctors(schema: Schema, value: unknown, name: string): Outcome {
    const outcome = new Outcome();
    if (schema.anyOf !== undefined && schema.anyOf.length > 0) this.#checkAnyOf(schema.anyOf, value, name, outcome);
    if (schema.oneOf !== undefined && schema.oneOf.length > 0) this.#checkOneOf(schema.oneOf, value, name, outcome);
    if (schema.allOf !== undefined && schema.allOf.length > 0) this.#checkAllOf(schema.allOf, value, name, outcome);
    if (schema.not !== undefined && this.#validate(schema.not, value, name).valid) {
      outcome.add(whole(name, 'must not validate the schema (not)'));
    }
    outcome.matched++;
    return outcome;
  }

  #checkAnyOf(alternatives: readonly Schema[], value: unknown, name: string, outcome: Outcome): void {
    let best: Outcome | undefined;
    for (const alternative of alternatives) {
      this.#spend(1);
      const result = this.#validate(alternative, value, name);
      if (result.valid) {
        outcome.merge(result);
        return;
      }
      if (best === undefined || result.matched > best.matched) best = result;
    }
    outcome.add(whole(name, 'must validate at least one schema (anyOf)'));
    if (best !== undefined) outcome.merge(best);
  }

  #checkOneOf(alternatives: readonly Schema[], value: unknown, name: string, outcome: Outcome): void {
    let best: Outcome | undefined;
    const valid: Outcome[] = [];
    for (const alternative of alternatives) {
      this.#spend(1);
      const result = this.#validate(alternative, value, name);
      if (result.valid) valid.push(result);
      else if (valid.length === 0 && (best === undefined || result.matched > best.matched)) best = result;
    }
    const [first] = valid;
    if (first !== undefined && valid.length === 1) {
      outcome.merge(first);
      return;
    }
    const found = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`;
    outcome.add(whole(name, `must validate one and only one schema (oneOf). ${found}`));
    if (valid.length === 0 && best !== undefined) outcome.merge(best);
  }

  #checkAllOf(parts: readonly Schema[], value: unknown, name: string, outcome: Outcome): void {
    let valid = 0;
    for (const part of parts) {
      this.#spend(1);
      const result = this.#validate(part, value, name);
      if (result.valid) valid++;
      // Of these all are told, and each is passed up through every level.
      this.#spend(stepsOfFault * result.faults.length);
      outcome.merge(result);
    }
    if (valid === parts.length) return;
    outcome.add(whole(name, `must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`));
  }

  /** Throws `RequestEntityTooLarge` when the schema asks more of the value than anybody should wait for. */
  #spend(steps: number): void {
    this.#left -= steps;
    if (this.#left >= 0) return;
    const why = 'too many alternatives, or patterns that are too large, for as many or as long values';
    throw new BerthError('RequestEntityTooLarge', `validating the object by its schema takes too long: ${why}`);
  }

  /** The most that matching may take. */
  #costOf(pattern: string, value: string): number {
    const compiled = this.#pattern(pattern);
    return typeof compiled === 'string' ? 0 : (value.length * compiled.programSize()) / statesInStep;
  }

  /** The compiled pattern, or what is wrong with it. */
  readonly #pattern = (pattern: string): RE2JS | string => {
    let compiled = this.#patterns.get(pattern);
    if (compiled === undefined) {
      compiled = compilePattern(pattern);
      this.#patterns.set(pattern, compiled);
    }
    return compiled;
  };
}

/** A pattern in RE2's syntax, or what is wrong with it. */
export function compilePattern(pattern: string): RE2JS | string {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The root's type may not be compared: both objects are shown in one version. */
function pastOf(correlation: Correlation | undefined, key: string, name: string): Correlation | undefined {
  return name === '' && (key === 'apiVersion' || key === 'kind') ? undefined : correlation?.field(key);
}

/** Kubernetes compares a fraction with a whole number after cutting it to one; the type is judged elsewhere. */
function isRounded(value: unknown, each: unknown): boolean {
  return typeof value === 'number' && typeof each === 'number' && Number.isInteger(each) && Math.trunc(value) === each;
}

function step(outcome: Outcome, part: Outcome): void {
  outcome.merge(part);
  outcome.matched++;
}

function stepFault(outcome: Outcome, fault: Fault | undefined): void {
  if (fault !== undefined) outcome.add(fault);
  outcome.matched++;
}

function whole(name: string, words: string): Fault {
  return { type: 'whole', message: `${quoted(name)} ${words}` };
}
