import { CelBudget, type CelProgram, isCelError, perCallLimit } from '../../cel/index.ts';
import type { ErrorCause } from '../../errors/index.ts';
import { quoted } from '../quoted.ts';
import type { Schema, ValidationRule } from '../types.ts';
import { child, duplicate, duplicateOmitted, entry, forbidden, invalid, invalidOmitted, required } from './causes.ts';
import { byKeys, type Correlation, keysOf } from './correlation.ts';
import { isData, own } from './data.ts';
import { compileRule, type RuleProgram, selfType } from './rule-program.ts';

/** The rules at one place of a schema, and where below it there are more. */
interface RuleNode {
  schema: Schema;
  isRoot: boolean;
  items: RuleNode | undefined;
  additional: RuleNode | undefined;
  properties: ReadonlyMap<string, RuleNode>;
  /** Compiled when they are first asked; a text when they cannot be. */
  programs: readonly RuleProgram[] | string | undefined;
}

/** The rules of `x-kubernetes-validations` of a schema. Source: KEP-2876; KEP-4008 for what is forgiven on updates. */
export class Rules {
  readonly #root: RuleNode | undefined;

  /** `isResource`: the schema is that of a whole object, with type and metadata. */
  constructor(schema: Schema, options: { isResource: boolean } = { isResource: true }) {
    this.#root = nodeOf(schema, options.isResource);
  }

  /** Whether there is any rule. */
  get any(): boolean {
    return this.#root !== undefined;
  }

  /** Which rules a value breaks; `path` is where it stands. Rules that compare need `old`. All share one budget. */
  check(
    value: unknown,
    old: unknown,
    past: Correlation | undefined,
    options: { path?: string; budget?: CelBudget } = {},
  ): ErrorCause[] {
    if (this.#root === undefined) return [];
    const run = new Run(options.budget ?? new CelBudget());
    run.check(this.#root, options.path ?? '', value, old ?? undefined, { current: past, parent: undefined });
    return run.causes;
  }
}

function nodeOf(schema: Schema, isRoot: boolean): RuleNode | undefined {
  const below = (of: Schema) => nodeOf(of, of['x-kubernetes-embedded-resource'] === true);
  const items = schema.items === undefined ? undefined : below(schema.items);
  const additional = typeof schema.additionalProperties === 'object' ? below(schema.additionalProperties) : undefined;
  const properties = new Map<string, RuleNode>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const node = below(property);
    if (node !== undefined) properties.set(name, node);
  }
  const own = schema['x-kubernetes-validations'] ?? [];
  if (own.length === 0 && items === undefined && additional === undefined && properties.size === 0) return undefined;
  return { schema, isRoot, items, additional, properties, programs: own.length === 0 ? [] : undefined };
}

function programsOf(node: RuleNode): readonly RuleProgram[] | string {
  node.programs ??= compileAll(node);
  return node.programs;
}

function compileAll({ schema, isRoot }: RuleNode): readonly RuleProgram[] | string {
  const self = selfType(schema, isRoot);
  if (self === undefined) return 'failed to convert to declType for CEL validation rules';
  return (schema['x-kubernetes-validations'] ?? []).map((rule) => compileRule(rule, self, schema));
}

/** What is known of a place's past: its own, or that of the nearest place above it. */
interface Ratchet {
  current: Correlation | undefined;
  parent: Correlation | undefined;
}

function isUnchanged({ current, parent }: Ratchet): boolean {
  return (current ?? parent)?.equal === true;
}

function ratchetOf(ratchet: Ratchet, key: string | number): Ratchet {
  const { current, parent } = ratchet;
  if (current === undefined) return ratchet;
  // The type may not be compared: both objects are shown in one version.
  if (parent === undefined && (key === 'apiVersion' || key === 'kind'))
    return { current: undefined, parent: undefined };
  return { current: typeof key === 'string' ? current.field(key) : current.item(key), parent: current };
}

const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run';
/** Bytes. */
const longestMessage = 5 * 1024;

/** One asking of all rules about one value. */
class Run {
  readonly causes: ErrorCause[] = [];
  readonly #budget: CelBudget;
  #stopped = false;

  constructor(budget: CelBudget) {
    this.#budget = budget;
  }

  check(node: RuleNode, path: string, value: unknown, old: unknown, ratchet: Ratchet): void {
    if (value === null || value === undefined || this.#stopped) return;
    this.#checkRules(node, path, value, old ?? undefined, ratchet);
    if (Array.isArray(value)) this.#checkItems(node, path, value, old, ratchet);
    else if (isData(value)) this.#checkFields(node, path, value, old, ratchet);
  }

  #checkItems(node: RuleNode, path: string, list: readonly unknown[], old: unknown, ratchet: Ratchet): void {
    const { items, schema } = node;
    if (items === undefined) return;
    const keyed = schema['x-kubernetes-list-type'] === 'map';
    const before = keyed && Array.isArray(old) ? byKeys(old, schema) : undefined;
    for (const [index, item] of list.entries()) {
      if (this.#stopped) return;
      const key = before === undefined ? undefined : keysOf(item, schema);
      const oldItem = key === undefined ? undefined : before?.get(key);
      this.check(items, entry(path, index), item, oldItem, ratchetOf(ratchet, index));
    }
  }

  #checkFields(node: RuleNode, path: string, object: Record<string, unknown>, old: unknown, ratchet: Ratchet): void {
    const { additional, properties } = node;
    const before = isData(old) ? old : undefined;
    for (const [key, item] of Object.entries(object)) {
      if (this.#stopped) return;
      const below = ratchetOf(ratchet, key);
      if (additional !== undefined) this.check(additional, entry(path, key), item, own(before, key), below);
      const property = properties.get(key);
      if (property !== undefined) this.check(property, child(path, key), item, own(before, key), below);
    }
  }

  #checkRules(node: RuleNode, path: string, value: unknown, old: unknown, ratchet: Ratchet): void {
    const programs = programsOf(node);
    const type = node.schema.type ?? '';
    if (typeof programs === 'string') {
      this.causes.push(invalid(path, type, `rule compiler initialization error: ${programs}`));
      return;
    }
    for (const compiled of programs) {
      if (this.#budget.remaining <= 0) this.#stop(path, type, outOfBudget);
      else if (compiled.fault !== undefined) {
        this.causes.push(invalid(path, type, `rule compile error: ${compiled.fault}`));
      } else if (compiled.program !== undefined) {
        this.#checkRule(compiled, compiled.program, node, path, value, old, ratchet);
      }
      if (this.#stopped) return;
    }
  }

  #checkRule(
    compiled: RuleProgram,
    program: CelProgram,
    { schema }: RuleNode,
    path: string,
    value: unknown,
    old: unknown,
    ratchet: Ratchet,
  ): void {
    const { rule } = compiled;
    if (compiled.usesOldSelf && old === undefined && rule.optionalOldSelf !== true) return;
    const type = schema.type ?? '';
    const outcome = this.#evaluate(program, value, old);
    if ('fault' in outcome) {
      const said = nameOf(rule);
      if (outcome.fault === 'budget') this.#stop(path, type, outOfBudget);
      else if (outcome.fault === 'limit') {
        const what = `'${outcome.message}': no further validation rules will be run due to call cost exceeds limit`;
        this.#stop(path, type, `${what} for rule: ${said}`);
      } else if (outcome.message.startsWith('no such overload')) {
        const what = 'call arguments did not match a supported operator, function or macro signature';
        this.causes.push(invalid(path, type, `'${outcome.message}': ${what} for rule: ${said}`));
      } else this.causes.push(invalid(path, type, `${outcome.message} evaluating rule: ${said}`));
      return;
    }
    if (outcome.result === true) return;
    const at = compiled.fieldPath === '' ? path : child(path, compiled.fieldPath);
    const forgiven = !compiled.usesOldSelf && isUnchanged(ratchet);
    const detail = this.#messageOf(compiled, value, old);
    if ('stop' in detail) {
      if (!forgiven) this.causes.push(invalid(at, type, detail.stop));
      this.#stopped = true;
      return;
    }
    if (!forgiven) this.causes.push(failure(rule, at, schema, value, detail.message));
  }

  #evaluate(
    program: CelProgram,
    self: unknown,
    oldSelf: unknown,
  ): { result: unknown } | { fault: 'budget' | 'limit' | 'evaluation'; message: string } {
    const enough = this.#budget.remaining >= perCallLimit;
    try {
      return { result: program.evaluate({ self, oldSelf }, this.#budget) };
    } catch (error) {
      if (!isCelError(error)) throw error;
      const fault = error.code !== 'CostExceeded' ? 'evaluation' : enough ? 'limit' : 'budget';
      return { fault, message: error.message };
    }
  }

  /** What is said of a broken rule; an expression that gives no usable text gives way to the fixed message. */
  #messageOf({ rule, message }: RuleProgram, value: unknown, old: unknown): { message: string } | { stop: string } {
    const fixed = rule.message ? rule.message.trim() : `failed rule: ${nameOf(rule)}`;
    if (message === undefined) return { message: fixed };
    const outcome = this.#evaluate(message, value, old);
    if ('fault' in outcome) {
      if (outcome.fault === 'evaluation') return { message: fixed };
      const expression = quoted(rule.messageExpression ?? '');
      return {
        stop:
          outcome.fault === 'limit'
            ? `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${expression}`
            : 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
      };
    }
    const text = typeof outcome.result === 'string' ? outcome.result.trim() : '';
    const usable = text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= longestMessage;
    return { message: usable ? text : fixed };
  }

  #stop(path: string, type: string, message: string): void {
    this.causes.push(invalid(path, type, message));
    this.#stopped = true;
  }
}

/** How a rule is called where its failure is told. */
function nameOf(rule: ValidationRule): string {
  return (rule.message || rule.rule).trim();
}

function failure(rule: ValidationRule, path: string, schema: Schema, value: unknown, detail: string): ErrorCause {
  const omitted = schema.type === 'object' || schema.type === 'array';
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbidden(path, detail);
    case 'FieldValueRequired':
      return required(path, detail);
    case 'FieldValueDuplicate':
      return omitted ? duplicateOmitted(path) : duplicate(path, value);
    default:
      return omitted ? invalidOmitted(path, detail) : invalid(path, value, detail);
  }
}
