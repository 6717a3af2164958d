import type { CelBudget } from './budget.ts';
import type { CelType } from './types.ts';

/** What an expression is compiled against. */
export interface CompileOptions {
  /** The names that it may use, with their types. */
  readonly variables: Readonly<Record<string, CelType>>;
  /** What it must give: one of these types (a `dyn` expression is accepted and checked when it runs). Absent: anything. */
  readonly returns?: CelType | readonly CelType[];
  /**
   * Object types that the expression may build by name (`mutationTypes`); undefined for unknown names. Expressions with
   * such types may also call `jsonpatch.escapeKey`.
   */
  readonly constructible?: (name: string) => CelType | undefined;
}

/** A compiled expression; it keeps nothing between evaluations and may be used for many. */
export interface CelProgram {
  readonly expression: string;
  /** The inferred type. */
  readonly returns: CelType;
  /** The variables that it names (`self`, `oldSelf`, `object`), those of its own comprehensions left out. */
  readonly uses: ReadonlySet<string>;
  /** Whether it reads, or looks for, `operand.field` or `operand.?field` of a name; an index does not count. */
  selects(operand: string, field: string): boolean;
  /**
   * What one evaluation costs at most, by what the types of the variables are bounded by; up to 2^64. Kubernetes refuses
   * a rule of a custom resource that may cost more than 10 million, counted for every place where it may apply.
   */
  estimateCost(): number;
  /**
   * Evaluates to plain data. `variables` are plain JSON data too (or a `CelValue`, or an object with getters); they are
   * converted lazily, by their declared types, so that what is not looked at costs nothing. Numbers of type int or uint
   * come back as numbers, past 2^53 as bigint; timestamps and durations as strings; absent optionals as undefined.
   * Throws `CelError` `Evaluation` or `CostExceeded`.
   */
  evaluate(variables: Readonly<Record<string, unknown>>, budget: CelBudget): unknown;
  /** The same, kept as CEL has it: a value to be handed to another expression (`variables.name` of a policy). */
  run(variables: Readonly<Record<string, unknown>>, budget: CelBudget): CelValue;
}

/** A value of an evaluation, opaque: quantities, optionals, lists that are still lazy. Give it as a variable. */
export class CelValue {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}
