import type { CelBudget } from './budget.ts';
import { type Checked, check } from './check/checker.ts';
import { checkLiterals } from './check/literals.ts';
import { accepts } from './check/names.ts';
import { CelError } from './errors.ts';
import { estimate } from './estimate/estimate.ts';
import { caught, Failure } from './evaluate/failure.ts';
import { Frame, type Step } from './evaluate/frame.ts';
import { Meter } from './evaluate/meter.ts';
import { Planner } from './evaluate/plan.ts';
import { functions, mutationFunctions } from './functions/index.ts';
import { type CelProgram, CelValue, type CompileOptions } from './program.ts';
import type { Expr } from './syntax/ast.ts';
import { parse } from './syntax/parser.ts';
import { descendants } from './syntax/walk.ts';
import { type CelType, printType } from './types.ts';
import { dataOf } from './values/to-data.ts';
import type { Value } from './values/value.ts';

/**
 * Parses, checks and plans an expression of Kubernetes' dialect. Throws `CelError` `Compilation`, whose message lists
 * every issue as Kubernetes prints it.
 */
export function compile(expression: string, options: CompileOptions): CelProgram {
  const tree = withinStack(() => parse(expression));
  const environment = {
    variables: options.variables,
    functions: options.constructible === undefined ? functions : mutationFunctions,
    constructible: options.constructible ?? (() => undefined),
  };
  const checked = withinStack(() => check(expression, tree, environment));
  checkLiterals(expression, checked);
  if (options.returns !== undefined) checkResult(checked.type, options.returns);
  return new Program(expression, checked, options.variables);
}

function checkResult(found: CelType, returns: CelType | readonly CelType[]): void {
  const wanted = 'kind' in returns ? [returns] : returns;
  if (accepts(found, wanted)) return;
  const printed = wanted.map(printType);
  const which = printed.length === 1 ? printed[0] : `one of [${printed.join(' ')}]`;
  throw new CelError('Compilation', `must evaluate to ${which}`);
}

class Program implements CelProgram {
  readonly expression: string;
  readonly returns: CelType;
  readonly uses: ReadonlySet<string>;
  readonly checked: Checked;
  readonly #step: Step;
  readonly #variables: Readonly<Record<string, CelType>>;

  constructor(expression: string, checked: Checked, variables: Readonly<Record<string, CelType>>) {
    this.expression = expression;
    this.returns = checked.type;
    this.uses = checked.uses;
    this.checked = checked;
    this.#step = withinStack(() => new Planner(checked).step(checked.root));
    this.#variables = variables;
  }

  selects(operand: string, field: string): boolean {
    for (const expr of descendants(this.checked.root)) {
      if (expr.kind === 'select' && isName(expr.operand, operand) && expr.field === field) return true;
      if (expr.kind !== 'call' || expr.name !== '_?._') continue;
      const [of, name] = expr.args;
      if (isName(of, operand) && name?.kind === 'literal' && name.value === field) return true;
    }
    return false;
  }

  estimateCost(): number {
    return estimate(this.checked, this.#variables);
  }

  evaluate(variables: Readonly<Record<string, unknown>>, budget: CelBudget): unknown {
    return this.#evaluate(variables, budget, dataOf);
  }

  run(variables: Readonly<Record<string, unknown>>, budget: CelBudget): CelValue {
    return new CelValue(this.#evaluate(variables, budget, (value) => value));
  }

  #evaluate<T>(
    variables: Readonly<Record<string, unknown>>,
    budget: CelBudget,
    give: (value: Value, meter: Meter) => T,
  ): T {
    const meter = new Meter(budget);
    const frame = new Frame(variables, this.#variables, meter);
    try {
      return withinStack(() => {
        const value = this.#step(frame);
        if (value instanceof Failure) throw new CelError('Evaluation', value.message);
        const given = caught(() => give(value, meter));
        if (given instanceof Failure) throw new CelError('Evaluation', given.message);
        return given;
      }, 'Evaluation');
    } finally {
      budget.take(meter.spent);
    }
  }
}

function isName(expr: Expr | undefined, name: string): boolean {
  return expr?.kind === 'ident' && expr.name === name;
}

/** What nests too deeply for the stack is the author's error, not a fault of ours. */
function withinStack<T>(run: () => T, code: 'Compilation' | 'Evaluation' = 'Compilation'): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) throw new CelError(code, 'max recursion depth exceeded', { cause: error });
    throw error;
  }
}
