import type { Checked, ResolvedCall } from '../check/checker.ts';
import type { Expr, ListExpr, MapExpr, SelectExpr, StructExpr } from '../syntax/ast.ts';
import { TypeValue } from '../values/scalar.ts';
import { ArrayList, Optional, type Value, ValueMap } from '../values/value.ts';
import { isPresent, select, selectOptional } from './access.ts';
import { dispatch } from './dispatch.ts';
import { caught, Failure, noSuchOverload } from './failure.ts';
import { planFold } from './fold.ts';
import type { Frame, Step } from './frame.ts';
import { addEntry, attempt, checkPattern, evaluated, membership } from './steps.ts';

/** What one planned expression is, as far as those around it must know. */
export interface Planned {
  readonly step: Step;
  /** The value, when it is the same for every evaluation; it costs nothing then. */
  readonly constant: Value | undefined;
}

/** Conversions that are done once when their argument is a literal. */
const conversions = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
]);

/**
 * Turns a checked expression into functions that evaluate it. What each step costs, and what is computed beforehand,
 * follows cel-go's interpreter with its optimizations, since Kubernetes' cost limits are stated in its units.
 */
export class Planner {
  readonly #checked: Checked;
  readonly #planned = new Map<Expr, Planned>();
  readonly #scopes: Map<string, number>[] = [];
  #slots = 0;

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  step(expr: Expr): Step {
    return this.plan(expr).step;
  }

  /** Macros may use one tree twice, always with the same variables in sight. */
  plan(expr: Expr): Planned {
    const known = this.#planned.get(expr);
    if (known !== undefined) return known;
    const planned = this.#make(expr);
    this.#planned.set(expr, planned);
    return planned;
  }

  /** Plans with further names in sight, each at a place of its own. */
  within<T>(names: readonly string[], plan: (slots: readonly number[]) => T): T {
    const slots = names.map(() => this.#slots++);
    this.#scopes.push(new Map(names.map((name, index) => [name, slots[index] as number])));
    const result = plan(slots);
    this.#scopes.pop();
    return result;
  }

  slotOf(name: string): number | undefined {
    for (let index = this.#scopes.length - 1; index >= 0; index -= 1) {
      const slot = this.#scopes[index]?.get(name);
      if (slot !== undefined) return slot;
    }
    return undefined;
  }

  #make(expr: Expr): Planned {
    switch (expr.kind) {
      case 'literal':
        return constant(expr.value);
      case 'ident':
        return this.#ident(expr);
      case 'select':
        return this.#checked.variables.has(expr) || this.#checked.typeNames.has(expr)
          ? this.#ident(expr)
          : variable(this.#select(expr));
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct':
        return variable(this.#struct(expr));
      case 'fold':
        return variable(planFold(this, expr));
      case 'call':
        return expr.name === '_?._' ? variable(this.#optionalSelect(expr.args)) : this.#call(expr);
    }
  }

  #ident(expr: Expr): Planned {
    const typeName = this.#checked.typeNames.get(expr);
    if (typeName !== undefined) return constant(new TypeValue(typeName));
    const declared = this.#checked.variables.get(expr);
    if (declared !== undefined) {
      return variable((frame) => {
        frame.meter.charge(1);
        return frame.variable(declared);
      });
    }
    const slot = this.slotOf(expr.kind === 'ident' ? expr.name : '') ?? -1;
    return variable((frame) => {
      frame.meter.charge(1);
      return frame.local(slot);
    });
  }

  /** What it costs that something is selected from `expr`: what is no attribute becomes one. */
  #operand(expr: Expr): Step {
    const step = this.step(expr);
    if (isAttribute(expr)) return step;
    return (frame) => {
      frame.meter.charge(1);
      return step(frame);
    };
  }

  #select(expr: SelectExpr): Step {
    const { field, test } = expr;
    if (test) {
      const operand = this.#operand(expr.operand);
      return (frame) => {
        const value = operand(frame);
        return value instanceof Failure ? value : caught(() => isPresent(value, field));
      };
    }
    const operand = this.#operand(expr.operand);
    return (frame) => {
      const value = operand(frame);
      if (value instanceof Failure) return value;
      frame.meter.charge(1);
      return select(value, field, frame.meter);
    };
  }

  #optionalSelect([target, field]: readonly Expr[]): Step {
    const operand = this.#operand(target as Expr);
    const name = field?.kind === 'literal' ? String(field.value) : '';
    return (frame) => {
      const value = operand(frame);
      return value instanceof Failure ? value : charged(frame, selectOptional(value, name, frame.meter));
    };
  }

  #list(expr: ListExpr): Planned {
    const elements = expr.elements.map(({ value, optional }) => ({ ...this.plan(value), optional }));
    const known = elements.map((element) => element.constant);
    if (expr.elements.every(({ optional }, index) => !optional && known[index] !== undefined)) {
      return constant(new ArrayList(known as Value[]));
    }
    return variable((frame) => {
      const items: Value[] = [];
      for (const { step, optional } of elements) {
        const value = step(frame);
        if (value instanceof Failure) return value;
        if (!optional) items.push(value);
        else if (!(value instanceof Optional)) return new Failure(noSuchOverload);
        else if (value.value !== undefined) items.push(value.value);
      }
      frame.meter.charge(10);
      return new ArrayList(items);
    });
  }

  #map(expr: MapExpr): Planned {
    const entries = expr.entries.map(({ key, value, optional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      optional,
    }));
    const build = (frame: Frame) => {
      const map = new ValueMap();
      for (const { key, value, optional } of entries) {
        const problem = addEntry(map, key.step(frame), value.step(frame), optional);
        if (problem !== undefined) return problem;
      }
      return map;
    };
    const fixed = entries.every(
      (entry) => !entry.optional && entry.key.constant !== undefined && entry.value.constant !== undefined,
    );
    if (fixed) {
      return constant(attempt(build));
    }
    return variable((frame) => {
      const map = build(frame);
      frame.meter.charge(30);
      return map;
    });
  }

  #struct(expr: StructExpr): Step {
    const fields = expr.fields.map(({ name, value, optional }) => ({ name, step: this.step(value), optional }));
    const typeName = expr.typeName.replace(/^\./, '');
    return (frame) => {
      const made = new ValueMap(typeName);
      for (const { name, step, optional } of fields) {
        const problem = addEntry(made, name, step(frame), optional);
        if (problem !== undefined) return problem;
      }
      frame.meter.charge(40);
      return made;
    };
  }

  #call(expr: Expr): Planned {
    const call = this.#checked.calls.get(expr);
    if (call === undefined) throw new Error('the expression was not checked');
    const { name, args } = call;
    switch (name) {
      case '_&&_':
      case '_||_':
        return variable(this.#logic(args, name === '_||_'));
      case '_?_:_':
        return variable(this.#conditional(args));
      case '_[_]':
      case '_[?_]':
        return variable(this.#index(args, name === '_[?_]'));
      case '@not_strictly_false': {
        const step = this.step(args[0] as Expr);
        return variable((frame) => {
          const value = step(frame);
          frame.meter.charge(1);
          return typeof value !== 'boolean' ? true : value;
        });
      }
      case 'or':
      case 'orValue':
        return variable(this.#or(args, name === 'orValue'));
      default:
        return this.#function(call);
    }
  }

  #function({ name, args, overloads }: ResolvedCall): Planned {
    const planned = args.map((arg) => this.plan(arg));
    const steps = planned.map(({ step }) => step);
    const call: Step = (frame) => {
      const values = evaluated(steps, frame);
      return values instanceof Failure ? values : dispatch(name, overloads, values, frame.meter);
    };
    const [only, pattern] = planned;
    if ((name === 'find' || name === 'findAll') && typeof pattern?.constant === 'string')
      checkPattern(pattern.constant);
    if (conversions.has(name) && planned.length === 1 && only?.constant !== undefined) {
      return constant(attempt(call));
    }
    const range = planned[1]?.constant;
    if (name === '@in' && range instanceof ArrayList) return variable(membership(steps[0] as Step, range, call));
    return variable(call);
  }

  /** The first term that decides decides; failures count only when none does. */
  #logic(args: readonly Expr[], decides: boolean): Step {
    const terms = args.map((arg) => this.step(arg));
    return (frame) => {
      let failure: Failure | undefined;
      for (const term of terms) {
        const value = term(frame);
        if (value === decides) return decides;
        if (typeof value !== 'boolean') failure ??= value instanceof Failure ? value : new Failure(noSuchOverload);
      }
      return failure ?? !decides;
    };
  }

  #conditional([test, whenTrue, whenFalse]: readonly Expr[]): Step {
    const condition = this.step(test as Expr);
    const branches = [this.#branch(whenTrue as Expr), this.#branch(whenFalse as Expr)] as const;
    return (frame) => {
      const value = condition(frame);
      if (value instanceof Failure) return value;
      if (typeof value !== 'boolean') return new Failure(noSuchOverload);
      return branches[value ? 0 : 1](frame);
    };
  }

  /** A name or selection costs one less as a branch or a key: it is resolved by what it is part of, not by itself. */
  #branch(expr: Expr): Step {
    const step = this.step(expr);
    if (!isAttribute(expr) || this.plan(expr).constant !== undefined || isConditional(expr)) return step;
    return (frame) => {
      const value = step(frame);
      frame.meter.refund(1);
      return value;
    };
  }

  #index([target, key]: readonly Expr[], optional: boolean): Step {
    const operand = this.#operand(target as Expr);
    const index = this.#branch(key as Expr);
    if (optional) {
      return (frame) => {
        const value = operand(frame);
        const at = index(frame);
        if (value instanceof Failure) return value;
        return at instanceof Failure ? at : charged(frame, selectOptional(value, at, frame.meter));
      };
    }
    return (frame) => {
      const value = operand(frame);
      const at = index(frame);
      if (value instanceof Failure) return value;
      if (at instanceof Failure) return at;
      frame.meter.charge(1);
      return select(value, at, frame.meter);
    };
  }

  #or([left, right]: readonly Expr[], unwraps: boolean): Step {
    const first = this.step(left as Expr);
    const second = this.step(right as Expr);
    return (frame) => {
      const value = first(frame);
      if (value instanceof Failure) return value;
      if (!(value instanceof Optional)) return new Failure(noSuchOverload);
      if (value.value === undefined) return second(frame);
      return unwraps ? value.value : value;
    };
  }
}

const constant = (value: Value): Planned => ({ step: () => value, constant: value });
const variable = (step: Step): Planned => ({ step, constant: undefined });

/** Names and what is selected from them are one attribute in cel-go, a conditional too. */
function isAttribute(expr: Expr): boolean {
  if (expr.kind === 'ident') return true;
  if (expr.kind === 'select') return !expr.test;
  return expr.kind === 'call' && ['_[_]', '_[?_]', '_?._', '_?_:_'].includes(expr.name);
}

const isConditional = (expr: Expr) => expr.kind === 'call' && expr.name === '_?_:_';

/** What is there was selected, which costs one; what is not there costs nothing. */
function charged(frame: Frame, found: Optional | Failure): Optional | Failure {
  if (found instanceof Optional && found.value !== undefined) frame.meter.charge(1);
  return found;
}
