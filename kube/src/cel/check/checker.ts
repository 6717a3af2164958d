import { escapeField } from '../escaping.ts';
import type { Overload } from '../functions/declare.ts';
import {
  type CallExpr,
  type Expr,
  type FoldExpr,
  qualifiedName,
  type SelectExpr,
  type StructExpr,
} from '../syntax/ast.ts';
import { compilationError, type Issue } from '../syntax/issues.ts';
import { bool, type CelType, dyn, errorType, int, list, map, optional, printType, typeOf } from '../types.ts';
import { literalType, typeNames } from './names.ts';
import { isDyn, mostGeneral, Substitutions, sameType } from './unify.ts';

/** What names mean while an expression is checked. */
export interface CheckEnvironment {
  readonly variables: Readonly<Record<string, CelType>>;
  readonly functions: ReadonlyMap<string, readonly Overload[]>;
  readonly constructible: (name: string) => CelType | undefined;
}

/** What a call was resolved to: a namespaced function has no receiver any more. */
export interface ResolvedCall {
  readonly name: string;
  readonly args: readonly Expr[];
  readonly overloads: readonly Overload[];
}

/** An expression with everything that its evaluation needs to know. */
export interface Checked {
  readonly root: Expr;
  readonly type: CelType;
  readonly types: ReadonlyMap<Expr, CelType>;
  readonly calls: ReadonlyMap<Expr, ResolvedCall>;
  /** Names that stand for a declared variable, for a selection also `a.b` as a whole. */
  readonly variables: ReadonlyMap<Expr, string>;
  /** Names that stand for a type. */
  readonly typeNames: ReadonlyMap<Expr, string>;
  readonly uses: ReadonlySet<string>;
}

/** Finds every expression's type. Throws `CelError` `Compilation` with all issues. */
export function check(expression: string, root: Expr, environment: CheckEnvironment): Checked {
  const checker = new Checker(environment);
  const checked = checker.checkRoot(root);
  if (checker.issues.length > 0) throw compilationError(expression, checker.issues);
  return checked;
}

interface Scope {
  readonly names: ReadonlyMap<string, CelType>;
  readonly outer: Scope | undefined;
}

class Checker {
  readonly issues: Issue[] = [];
  readonly #environment: CheckEnvironment;
  readonly #substitutions = new Substitutions();
  readonly #types = new Map<Expr, CelType>();
  readonly #calls = new Map<Expr, ResolvedCall>();
  readonly #variables = new Map<Expr, string>();
  readonly #typeNames = new Map<Expr, string>();
  readonly #uses = new Set<string>();
  #scope: Scope | undefined;
  #fresh = 0;

  constructor(environment: CheckEnvironment) {
    this.#environment = environment;
  }

  checkRoot(root: Expr): Checked {
    const type = this.#substitutions.resolve(this.#check(root), true);
    for (const [expr, found] of this.#types) this.#types.set(expr, this.#substitutions.resolve(found, true));
    return {
      root,
      type,
      types: this.#types,
      calls: this.#calls,
      variables: this.#variables,
      typeNames: this.#typeNames,
      uses: this.#uses,
    };
  }

  /** Macros may use one tree twice; its second visit must not cost (or report) anything again. */
  #check(expr: Expr): CelType {
    const known = this.#types.get(expr);
    if (known !== undefined) return known;
    const type = this.#typeOf(expr);
    this.#types.set(expr, type);
    return type;
  }

  #typeOf(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return literalType(expr.value);
      case 'ident':
        return this.#named(expr, expr.name) ?? this.#undeclared(expr.offset, expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list': {
        let element: CelType | undefined;
        for (const { value, optional: isOptional } of expr.elements) {
          element = this.#join(element, this.#element(value, isOptional));
        }
        return list(element ?? this.#variable());
      }
      case 'map': {
        let key: CelType | undefined;
        let value: CelType | undefined;
        for (const entry of expr.entries) {
          key = this.#join(key, this.#check(entry.key));
          value = this.#join(value, this.#element(entry.value, entry.optional));
        }
        return map(key ?? this.#variable(), value ?? this.#variable());
      }
      case 'struct':
        return this.#struct(expr);
      case 'fold':
        return this.#fold(expr);
    }
  }

  #issue(offset: number, message: string): CelType {
    this.issues.push({ offset, message });
    return errorType;
  }

  #undeclared(offset: number, name: string): CelType {
    return this.#issue(offset, `undeclared reference to '${name}' (in container '')`);
  }

  #mismatch(offset: number, expected: CelType, found: CelType): CelType {
    return this.#issue(offset, `expected type '${printType(expected)}' but found '${printType(found)}'`);
  }

  #variable(): CelType {
    this.#fresh += 1;
    return { kind: 'param', name: `_var${this.#fresh - 1}` };
  }

  /** The type of a variable or type name, noted down for the evaluation. */
  #named(expr: Expr, written: string): CelType | undefined {
    const name = written.replace(/^\./, '');
    if (name === written) {
      for (let scope = this.#scope; scope !== undefined; scope = scope.outer) {
        const local = scope.names.get(name);
        if (local !== undefined) return local;
      }
    }
    if (Object.hasOwn(this.#environment.variables, name)) {
      this.#uses.add(name);
      this.#variables.set(expr, name);
      return this.#environment.variables[name];
    }
    const type = typeNames.get(name);
    if (type === undefined) return undefined;
    this.#typeNames.set(expr, name);
    return typeOf(type);
  }

  #select(expr: SelectExpr): CelType {
    const qualified = qualifiedName(expr);
    const known = qualified === undefined || this.#isLocal(qualified) ? undefined : this.#named(expr, qualified);
    if (known !== undefined) return known;
    const found = this.#field(expr.offset, expr.operand, expr.field, false);
    return expr.test ? bool : this.#substitutions.resolve(found);
  }

  /** Whether the name's first part is a variable of a comprehension, which hides what is declared. */
  #isLocal(qualified: string): boolean {
    const [first = ''] = qualified.split('.', 1);
    for (let scope = this.#scope; scope !== undefined; scope = scope.outer) if (scope.names.has(first)) return true;
    return false;
  }

  #field(offset: number, operand: Expr, field: string, alwaysOptional: boolean): CelType {
    const whole = this.#substitutions.resolve(this.#check(operand));
    const isOptional = whole.kind === 'opaque' && whole.name === 'optional_type';
    const target = isOptional ? (whole.parameters[0] ?? dyn) : whole;
    const found = this.#fieldOf(offset, target, field);
    return isOptional || alwaysOptional ? optional(found) : found;
  }

  #fieldOf(offset: number, target: CelType, field: string): CelType {
    switch (target.kind) {
      case 'map':
        return target.value;
      case 'object': {
        // A field whose name is a reserved word may be written as it is, or escaped.
        const declared = target.fields.get(field) ?? target.fields.get(escapeField(field) ?? field);
        return declared?.type ?? this.#issue(offset, `undefined field '${field}'`);
      }
      case 'param':
        this.#substitutions.assignable(dyn, target);
        return dyn;
      case 'dyn':
      case 'any':
      case 'error':
        return dyn;
      default:
        this.#issue(offset, `type '${printType(target)}' does not support field selection`);
        return dyn;
    }
  }

  #call(expr: CallExpr): CelType {
    const { args, target } = expr;
    if (expr.name === '_?._') {
      const [operand, field] = args as readonly [Expr, Expr];
      const name = field.kind === 'literal' ? String(field.value) : '';
      return this.#substitutions.resolve(this.#field(expr.offset, operand, name, true));
    }
    for (const arg of args) this.#check(arg);
    if (target !== undefined) {
      const prefix = qualifiedName(target);
      const namespaced = prefix === undefined ? undefined : `${prefix.replace(/^\./, '')}.${expr.name}`;
      if (namespaced !== undefined && this.#environment.functions.has(namespaced)) {
        return this.#resolve(expr, namespaced, args, false);
      }
      this.#check(target);
      return this.#resolve(expr, expr.name, [target, ...args], true);
    }
    return this.#resolve(expr, expr.name.replace(/^\./, ''), args, false);
  }

  #resolve(expr: Expr, name: string, args: readonly Expr[], member: boolean): CelType {
    const overloads = this.#environment.functions.get(name);
    if (overloads === undefined) return this.#undeclared(expr.offset, name);
    const types = args.map((arg) => this.#types.get(arg) ?? errorType);
    if (name === '_&&_' || name === '_||_') {
      args.forEach((arg, index) => {
        const type = types[index] as CelType;
        if (!this.#substitutions.assignable(type, bool)) this.#mismatch(arg.offset, bool, this.#resolved(type));
      });
      this.#calls.set(expr, { name, args, overloads });
      return bool;
    }
    const found: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of overloads) {
      if (overload.member !== member || overload.params.length !== types.length) continue;
      const { params, returned } = this.#instance(overload);
      if (!this.#substitutions.assignableAll(types, params)) continue;
      found.push(overload);
      const type = this.#substitutions.resolve(returned);
      if (result === undefined) result = type;
      else if (!isDyn(result) && !sameType(type, result)) result = dyn;
    }
    if (result === undefined) return this.#noOverload(expr.offset, name, types, member);
    this.#calls.set(expr, { name, args, overloads: found });
    return result;
  }

  #noOverload(offset: number, name: string, types: readonly CelType[], member: boolean): CelType {
    const printed = types.map((type) => printType(this.#substitutions.resolve(type, true)));
    const receiver = member ? `${printed.shift()}.` : '';
    const applied = `${receiver}(${printed.join(', ')})`;
    return this.#issue(offset, `found no matching overload for '${name}' applied to '${applied}'`);
  }

  /** The overload with type parameters of its own. */
  #instance(overload: Overload): { params: readonly CelType[]; returned: CelType } {
    const fresh = new Map<string, CelType>();
    const renew = (type: CelType): CelType => {
      switch (type.kind) {
        case 'param': {
          const known = fresh.get(type.name) ?? this.#variable();
          fresh.set(type.name, known);
          return known;
        }
        case 'list':
          return list(renew(type.element));
        case 'map':
          return map(renew(type.key), renew(type.value));
        case 'opaque':
          return type.parameters.length === 0 ? type : { ...type, parameters: type.parameters.map(renew) };
        case 'type':
          return typeOf(renew(type.of));
        default:
          return type;
      }
    };
    return { params: overload.params.map(renew), returned: renew(overload.result) };
  }

  #element(value: Expr, isOptional: boolean): CelType {
    const type = this.#check(value);
    if (!isOptional) return type;
    if (type.kind === 'opaque' && type.name === 'optional_type') return type.parameters[0] ?? dyn;
    if (!isDyn(type)) this.#mismatch(value.offset, optional(type), type);
    return type;
  }

  /** The type of all elements so far. That those of a literal must agree is checked when all types are known. */
  #join(before: CelType | undefined, type: CelType): CelType {
    if (before === undefined) return type;
    return this.#substitutions.assignable(before, type) ? mostGeneral(before, type) : dyn;
  }

  #resolved(type: CelType): CelType {
    return this.#substitutions.resolve(type);
  }

  #struct(expr: StructExpr): CelType {
    const type = this.#environment.constructible(expr.typeName.replace(/^\./, ''));
    if (type === undefined) {
      for (const field of expr.fields) this.#check(field.value);
      if (typeNames.has(expr.typeName)) return this.#issue(expr.offset, `'${expr.typeName}' is not a message type`);
      return this.#undeclared(expr.offset, expr.typeName);
    }
    for (const { name, value, offset, optional: isOptional } of expr.fields) {
      const found = this.#element(value, isOptional);
      const declared = this.#fieldOf(offset, type, name);
      if (!this.#substitutions.assignable(declared, found)) {
        const message = `expected type of field '${name}' is '${printType(declared)}' but provided type is '${printType(found)}'`;
        this.#issue(offset, message);
      }
    }
    return type;
  }

  #fold(expr: FoldExpr): CelType {
    const range = this.#resolved(this.#check(expr.range));
    const accumulated = this.#check(expr.init);
    const outer = this.#scope;
    const withResult: Scope = { names: new Map([[expr.accumulator, accumulated]]), outer };
    this.#scope = { names: new Map(this.#iterated(expr, range)), outer: withResult };
    this.#expectType(expr.condition, bool);
    this.#expectType(expr.step, accumulated);
    this.#scope = withResult;
    const result = this.#check(expr.result);
    this.#scope = outer;
    return this.#resolved(result);
  }

  #expectType(expr: Expr, type: CelType): void {
    const found = this.#check(expr);
    if (!this.#substitutions.assignable(type, found)) this.#mismatch(expr.offset, type, found);
  }

  #iterated(expr: FoldExpr, range: CelType): [string, CelType][] {
    const types = (first: CelType, second: CelType): [string, CelType][] =>
      expr.second === undefined
        ? [[expr.variable, first]]
        : [
            [expr.variable, first],
            [expr.second, second],
          ];
    switch (range.kind) {
      case 'list':
        return expr.second === undefined ? types(range.element, dyn) : types(int, range.element);
      case 'map':
        return types(range.key, range.value);
      case 'dyn':
      case 'error':
      case 'param':
        this.#substitutions.assignable(dyn, range);
        return types(dyn, dyn);
      default: {
        const printed = printType(range);
        const message = `expression of type '${printed}' cannot be range of a comprehension (must be list, map, or dynamic)`;
        this.#issue(expr.range.offset, message);
        return types(errorType, errorType);
      }
    }
  }
}
