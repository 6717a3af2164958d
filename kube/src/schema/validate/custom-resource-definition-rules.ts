import type { CelType } from '../../cel/index.ts';
import type { ErrorCause } from '../../errors/index.ts';
import { child, entry, forbidden, InOrder, invalid, required, unsupported } from '../structural/causes.ts';
import { fieldPathIn } from '../structural/field-path.ts';
import { compileRule, type RuleProgram, selfType } from '../structural/rule-program.ts';
import type { Schema, ValidationRule } from '../types.ts';

/** Where rules stand. */
export interface RulePlace {
  /** The schema is that of a whole resource. */
  isResource: boolean;
  /** How many values of the schema an object may have; undefined where nothing bounds it. */
  cardinality: number | undefined;
  costs: RuleCosts;
}

const oneLimit = 10_000_000;
const totalLimit = 100_000_000;

/** What the rules of a schema may cost in the worst case, together. */
export class RuleCosts {
  #total = 0;
  #expensive: { path: string; cost: number }[] = [];

  observe(path: string, cost: number): void {
    this.#total += cost;
    if (cost < totalLimit / 100) return;
    this.#expensive.push({ path, cost });
    this.#expensive = this.#expensive.sort((a, b) => b.cost - a.cost).slice(0, 4);
  }

  /** What is wrong when they cost too much; `path` is that of the schema. */
  causes(path: string): ErrorCause[] {
    if (this.#total <= totalLimit) return [];
    const message = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    const said = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    return [
      ...this.#expensive.map((each) => forbidden(each.path, message)),
      forbidden(path, costMessage(said, this.#total, totalLimit)),
    ];
  }
}

function costMessage(said: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const times = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${said} exceeds budget by factor of ${times} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const lineBreak = /[\n\r]/;

/** What can be said of rules without compiling them. */
export function checkRuleTexts(schema: Schema, path: string): ErrorCause[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) =>
    checkTexts(rule, schema, entry(child(path, 'x-kubernetes-validations'), index)),
  );
}

function checkTexts(rule: ValidationRule, schema: Schema, path: string): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const message = rule.message ?? '';
  if (rule.rule.trim() === '') causes.push(required(child(path, 'rule'), 'rule is not specified'));
  else if (message !== '' && message.trim() === '') {
    causes.push(invalid(child(path, 'message'), message, 'must be non-empty if specified'));
  } else if (lineBreak.test(message.trim())) {
    causes.push(invalid(child(path, 'message'), message, 'must not contain line breaks'));
  } else if (lineBreak.test(rule.rule.trim()) && message.trim() === '') {
    causes.push(required(child(path, 'message'), 'message must be specified if rule contains line breaks'));
  }
  if (rule.messageExpression && rule.messageExpression.trim() === '') {
    const at = child(path, 'messageExpression');
    causes.push(required(at, 'messageExpression must be non-empty if specified'));
  }
  if (rule.reason !== undefined && !reasons.includes(rule.reason)) {
    causes.push(unsupported(child(path, 'reason'), rule.reason, reasons));
  }
  const { fieldPath = '' } = rule;
  if (fieldPath === '') return causes;
  const at = child(path, 'fieldPath');
  if (fieldPath.trim() === '') causes.push(invalid(at, fieldPath, 'must be non-empty if specified'));
  if (lineBreak.test(fieldPath)) causes.push(invalid(at, fieldPath, 'must not contain line breaks'));
  if ('fault' in fieldPathIn(fieldPath, schema)) causes.push(invalid(at, fieldPath, 'must be a valid path'));
  return causes;
}

/** The rules of one schema: whether they compile, what they may cost, and whether they can compare. */
export function validateRules(
  schema: Schema,
  path: string,
  place: RulePlace,
  within: { isUnchanged: boolean; uncorrelated?: string },
): ErrorCause[] {
  const rules = schema['x-kubernetes-validations'] ?? [];
  if (rules.length === 0) return [];
  const all = child(path, 'x-kubernetes-validations');
  const self = selfType(schema, place.isResource);
  if (self === undefined) {
    const message =
      'Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations';
    return [{ reason: 'InternalError', message, field: all }];
  }
  return rules.flatMap((rule, index) => {
    const at = entry(all, index);
    const compiled = compileRule(rule, self, schema);
    return [
      ...checkCosts(compiled, at, place, { most: mostOften(place, self), isUnchanged: within.isUnchanged }),
      ...checkCompiled(compiled, at),
      ...checkComparison(compiled, at, within),
    ];
  });
}

/** Bytes that a request may have. */
const largestRequest = 3 * 1024 * 1024;
const largestCost = 2 ** 64;

/** How often a value may stand in an object: where nothing else bounds it, as often as the smallest fits into a request. */
function mostOften({ cardinality }: RulePlace, self: CelType): number {
  if (cardinality !== undefined) return cardinality;
  const smallest =
    self.kind === 'list' || self.kind === 'map' ? 2 : 'minSerializedSize' in self ? self.minSerializedSize : 0;
  return Math.floor(largestRequest / ((smallest ?? 0) + 1));
}

function checkCosts(
  { program, message }: RuleProgram,
  path: string,
  { costs }: RulePlace,
  { most, isUnchanged }: { most: number; isUnchanged: boolean },
): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const judge = (field: string, said: string, cost: number) => {
    const at = child(path, field);
    if (!isUnchanged && cost > oneLimit) causes.push(forbidden(at, costMessage(said, cost, oneLimit)));
    costs.observe(at, cost);
  };
  judge('rule', 'estimated rule cost', Math.min(largestCost, (program?.estimateCost() ?? 0) * most));
  if (message !== undefined) judge('messageExpression', 'estimated messageExpression cost', message.estimateCost());
  return causes;
}

function checkCompiled({ rule, fault, messageFault }: RuleProgram, path: string): ErrorCause[] {
  const causes: ErrorCause[] = [];
  if (fault !== undefined) causes.push(invalid(child(path, 'rule'), shownRule(rule), fault));
  if (messageFault !== undefined) {
    causes.push(invalid(child(path, 'messageExpression'), shownRule(rule), messageFault));
  }
  return causes;
}

function checkComparison(
  compiled: RuleProgram,
  path: string,
  { uncorrelated }: { uncorrelated?: string },
): ErrorCause[] {
  const { rule, usesOldSelf } = compiled;
  if (usesOldSelf) {
    if (uncorrelated === undefined) return [];
    const message = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`;
    return [invalid(child(path, 'rule'), rule.rule, message)];
  }
  if (rule.optionalOldSelf === undefined) return [];
  const message = 'may not be set if oldSelf is not used in rule';
  return [invalid(child(path, 'optionalOldSelf'), rule.optionalOldSelf, message)];
}

/** A rule as Kubernetes shows it in errors: by the names of its own fields. */
function shownRule(rule: ValidationRule): InOrder {
  return new InOrder({
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  });
}
