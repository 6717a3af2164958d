import type { Checked } from '../check/checker.ts';
import type { Expr, FoldExpr } from '../syntax/ast.ts';
import { accumulator } from '../syntax/macros.ts';
import { type CelType, dyn } from '../types.ts';
import { Uint } from '../values/scalar.ts';
import { type Argument, estimateCall } from './calls.ts';
import { addCosts, fixed, multiplyCosts, type Size, union, unknown } from './size.ts';

/** How large the keys and values of a container may be. */
interface Entries {
  readonly keys: Size;
  readonly values: Size;
  readonly list: boolean;
}

/** What a name within a comprehension stands for. */
interface Local {
  readonly path: readonly string[];
  readonly size: Size | undefined;
  readonly entries: Entries | undefined;
}

/**
 * What an expression costs at most, whatever the values of its variables are, as far as their types bound them
 * (`maxLength`, `maxItems`, `maxProperties`; what a request can hold otherwise). Kubernetes refuses rules of custom
 * resources by it. Source: `Cost` of cel-go's checker.
 */
export function estimate(checked: Checked, variables: Readonly<Record<string, CelType>>): number {
  return new Estimator(checked, variables).cost(checked.root);
}

class Estimator {
  readonly #checked: Checked;
  readonly #variables: Readonly<Record<string, CelType>>;
  readonly #costs = new Map<Expr, number>();
  readonly #paths = new Map<Expr, readonly string[]>();
  readonly #sizes = new Map<Expr, Size>();
  readonly #entries = new Map<Expr, Entries>();
  readonly #locals: Map<string, Local>[] = [];

  constructor(checked: Checked, variables: Readonly<Record<string, CelType>>) {
    this.#checked = checked;
    this.#variables = variables;
  }

  /** Macros may use one tree twice. */
  cost(expr: Expr): number {
    const known = this.#costs.get(expr);
    if (known !== undefined) return known;
    const cost = this.#cost(expr);
    this.#costs.set(expr, cost);
    return cost;
  }

  #cost(expr: Expr): number {
    switch (expr.kind) {
      case 'literal':
        return 0;
      case 'ident':
        this.#paths.set(expr, this.#local(expr)?.path ?? [expr.name.replace(/^\./, '')]);
        return 1;
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list': {
        const values = expr.elements.map(({ value }) => value);
        const cost = addCosts(...values.map((value) => this.cost(value)), 10);
        const each = values.map((value) => this.#sizeOf(value) ?? unknown);
        this.#entries.set(expr, { list: true, keys: fixed(1), values: each.reduce(union, each[0] ?? fixed(0)) });
        return cost;
      }
      case 'map': {
        const cost = addCosts(...expr.entries.flatMap(({ key, value }) => [this.cost(key), this.cost(value)]), 30);
        const keys = expr.entries.map(({ key }) => this.#sizeOf(key) ?? unknown);
        const values = expr.entries.map(({ value }) => this.#sizeOf(value) ?? unknown);
        const all = (sizes: Size[]) => sizes.reduce(union, sizes[0] ?? fixed(0));
        this.#entries.set(expr, { list: false, keys: all(keys), values: all(values) });
        return cost;
      }
      case 'struct':
        return addCosts(...expr.fields.map(({ value }) => this.cost(value)), 40);
      case 'fold':
        return isBinding(expr) ? this.#binding(expr) : this.#fold(expr);
    }
  }

  #select(expr: Expr & { kind: 'select' }): number {
    const declared = this.#checked.variables.get(expr) ?? this.#checked.typeNames.get(expr);
    if (declared !== undefined) {
      this.#paths.set(expr, [declared]);
      return 1;
    }
    const operand = this.cost(expr.operand);
    if (expr.test) return operand;
    this.#paths.set(expr, [...this.#pathOf(expr.operand), expr.field]);
    return addCosts(operand, ['map', 'object', 'param'].includes(this.#typeOf(expr.operand).kind) ? 1 : 0);
  }

  #call(expr: Expr & { kind: 'call' }): number {
    if (expr.name === '_?._') return addCosts(1, this.cost(expr.args[0] as Expr));
    const call = this.#checked.calls.get(expr);
    if (call === undefined) return 0;
    const { name, args } = call;
    const costs = args.map((arg) => this.cost(arg));
    const [first, second, third] = args;
    switch (name) {
      case '_&&_':
      case '_||_':
        return addCosts(...costs);
      case '_?_:_': {
        const branches = [second as Expr, third as Expr] as const;
        this.#sizes.set(expr, union(this.#sizeOf(branches[0]) ?? unknown, this.#sizeOf(branches[1]) ?? unknown));
        this.#setEntries(expr, joined(this.#entriesOf(branches[0]), this.#entriesOf(branches[1])));
        return addCosts(costs[0] ?? 0, Math.max(costs[1] ?? 0, costs[2] ?? 0));
      }
      case 'dyn':
        this.#copy(expr, first as Expr);
        return addCosts(1, ...costs);
      default:
        break;
    }
    const overloads = call.overloads.map(({ id }) => id);
    const found = estimateCall(
      name,
      overloads,
      args.map((arg) => this.#argument(arg)),
    );
    if (name === '_+_') this.#setEntries(expr, joined(this.#entriesOf(first as Expr), this.#entriesOf(second as Expr)));
    let { size } = found;
    for (const overload of overloads) {
      if (!/^_\[_\]\((?:list|map)</.test(overload)) continue;
      size = this.#entriesOf(first as Expr)?.values;
      this.#paths.set(expr, [...this.#pathOf(first as Expr), overload.startsWith('_[_](list') ? '@items' : '@values']);
    }
    size ??= this.#sizeOf(expr);
    if (size !== undefined) this.#sizes.set(expr, size);
    return addCosts(found.cost, ...costs);
  }

  #argument(expr: Expr): Argument {
    const path = this.#pathOf(expr);
    const element = path.length > 0 && path[0] !== accumulator ? this.#bound([...path, '@items']) : undefined;
    return { expr, type: this.#typeOf(expr), size: this.#sizeOf(expr), element };
  }

  #fold(expr: FoldExpr): number {
    const before = addCosts(this.cost(expr.range), this.cost(expr.init));
    const over = { path: this.#pathOf(expr.range), entries: this.#entriesOf(expr.range) };
    const isList = over.entries?.list ?? this.#typeOf(expr.range).kind === 'list';
    const key: Local = {
      path: [...over.path, isList ? '@indices' : '@keys'],
      size: over.entries?.keys,
      entries: undefined,
    };
    const value: Local = {
      path: [...over.path, isList ? '@items' : '@values'],
      size: over.entries?.values,
      entries: undefined,
    };
    this.#locals.push(new Map([[expr.accumulator, this.#localOf(expr.init)]]));
    const variables: [string, Local][] =
      expr.second === undefined
        ? [[expr.variable, isList ? value : key]]
        : [
            [expr.variable, key],
            [expr.second, value],
          ];
    this.#locals.push(new Map(variables));
    const each = addCosts(this.cost(expr.condition), this.cost(expr.step));
    this.#locals.pop();
    const result = this.cost(expr.result);
    const count = this.#sizeOf(expr.range) ?? unknown;
    if (expr.init.kind === 'literal') this.#setSize(expr, this.#sizeOf(expr.init));
    else if (expr.init.kind === 'list' || expr.init.kind === 'map') {
      this.#sizes.set(expr, count);
      this.#setEntries(expr, this.#entriesOf(expr.step));
    }
    this.#locals.pop();
    return addCosts(before, multiplyCosts(count.max, each), result);
  }

  #binding(expr: FoldExpr): number {
    const before = addCosts(this.cost(expr.range), this.cost(expr.init));
    this.#locals.push(new Map([[expr.accumulator, this.#localOf(expr.init)]]));
    const result = this.cost(expr.result);
    this.#copy(expr, expr.result);
    this.#locals.pop();
    return addCosts(before, result);
  }

  #localOf(expr: Expr): Local {
    return { path: this.#pathOf(expr), size: this.#sizeOf(expr), entries: this.#entriesOf(expr) };
  }

  #local(expr: Expr): Local | undefined {
    if (expr.kind !== 'ident') return undefined;
    for (let index = this.#locals.length - 1; index >= 0; index -= 1) {
      const local = this.#locals[index]?.get(expr.name);
      if (local !== undefined) return local;
    }
    return undefined;
  }

  #pathOf(expr: Expr): readonly string[] {
    return this.#local(expr)?.path ?? this.#paths.get(expr) ?? [];
  }

  #typeOf(expr: Expr): CelType {
    return this.#checked.types.get(expr) ?? dyn;
  }

  #setSize(expr: Expr, size: Size | undefined): void {
    if (size !== undefined) this.#sizes.set(expr, size);
  }

  #setEntries(expr: Expr, entries: Entries | undefined): void {
    if (entries !== undefined) this.#entries.set(expr, entries);
  }

  #copy(to: Expr, from: Expr): void {
    this.#setSize(to, this.#sizeOf(from));
    this.#setEntries(to, this.#entriesOf(from));
  }

  #entriesOf(expr: Expr): Entries | undefined {
    return this.#entries.get(expr) ?? this.#local(expr)?.entries;
  }

  #sizeOf(expr: Expr): Size | undefined {
    const known = this.#sizes.get(expr) ?? literalSize(expr);
    if (known !== undefined) return known;
    const path = this.#pathOf(expr);
    const bound = path.length > 0 && path[0] !== accumulator ? this.#bound(path) : undefined;
    return bound ?? (isScalar(this.#typeOf(expr)) ? fixed(1) : this.#local(expr)?.size);
  }

  /**
   * What the declared types say of the value at a path: `self`, `spec`, `@items`. Kubernetes takes every path for one of
   * `self`, whatever it begins with: `oldSelf`, which is of the same type, and also the name of a type.
   */
  #bound([root = '', ...path]: readonly string[]): Size | undefined {
    let type: CelType | undefined = this.#variables.self ?? this.#variables[root];
    for (const name of path) {
      if (type === undefined) return undefined;
      if (name === '@items' || name === '@values')
        type = type.kind === 'list' ? type.element : type.kind === 'map' ? type.value : undefined;
      else if (name === '@keys') type = type.kind === 'map' ? type.key : undefined;
      else type = type.kind === 'object' ? type.fields.get(name)?.type : undefined;
    }
    if (type === undefined) return undefined;
    return { min: 0, max: 'maxElements' in type ? (type.maxElements ?? 0) : 0 };
  }
}

/** `optMap`, `sortBy`: nothing is gone through, a value is only given a name. */
function isBinding({ range, condition, accumulator: name }: FoldExpr): boolean {
  return (
    range.kind === 'list' &&
    range.elements.length === 0 &&
    condition.kind === 'literal' &&
    condition.value === false &&
    name !== accumulator
  );
}

function joined(a: Entries | undefined, b: Entries | undefined): Entries | undefined {
  if (a === undefined || b === undefined) return undefined;
  return { list: a.list, keys: union(a.keys, b.keys), values: union(a.values, b.values) };
}

function literalSize(expr: Expr): Size | undefined {
  if (expr.kind === 'list') return fixed(expr.elements.length);
  if (expr.kind === 'map') return fixed(expr.entries.length);
  if (expr.kind !== 'literal') return undefined;
  if (typeof expr.value === 'string') return fixed([...expr.value].length);
  if (typeof expr.value === 'object' && expr.value !== null && !(expr.value instanceof Uint))
    return fixed(expr.value.length);
  return fixed(1);
}

function isScalar(type: CelType): boolean {
  if (type.kind === 'opaque') return type.name === 'optional_type' && isScalar(type.parameters[0] ?? dyn);
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind);
}
