import type { Expr } from './ast.ts';
import type { Issue } from './issues.ts';

/** The accumulator of a comprehension; no expression can name it. */
export const accumulator = '@result';

/** A call as it was written, which may be a macro. */
export interface WrittenCall {
  readonly offset: number;
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}

/**
 * The expansion of a macro call, an issue when its arguments are wrong, or undefined when it is no macro. Macros are
 * those of the language definition, of its two-variable comprehensions and of optional values; every comprehension
 * becomes the same fold as in cel-go, so that it also costs the same.
 */
export function expandMacro(call: WrittenCall): Expr | Issue | undefined {
  const { target, args } = call;
  if (target === undefined) return call.name === 'has' && args.length === 1 ? has(call) : undefined;
  const make = makers(call).get(`${call.name}/${args.length}`);
  return make?.(target);
}

type Maker = (target: Expr) => Expr | Issue;

function makers(call: WrittenCall): ReadonlyMap<string, Maker> {
  const simple = 'argument must be a simple name';
  const one =
    (make: Make, problem = simple): Maker =>
    (target) =>
      comprehension(call, target, 1, make, problem);
  const two =
    (make: Make): Maker =>
    (target) =>
      comprehension(call, target, 2, make, simple);
  const list = 'argument is not an identifier';
  return new Map<string, Maker>([
    ['all/2', one(all)],
    ['exists/2', one(exists)],
    ['exists_one/2', one(existsOne)],
    ['map/2', one(collect, list)],
    ['map/3', one(collect, list)],
    ['filter/2', one(filter, list)],
    ['all/3', two(all)],
    ['exists/3', two(exists)],
    ['exists_one/3', two(existsOne)],
    ['existsOne/3', two(existsOne)],
    ['transformList/3', two(collect)],
    ['transformList/4', two(collect)],
    ['transformMap/3', two(insert)],
    ['transformMap/4', two(insert)],
    ['transformMapEntry/3', two(insertEntry)],
    ['transformMapEntry/4', two(insertEntry)],
    ['sortBy/2', (target) => sortBy(call, target)],
    ['optMap/2', (target) => mapOptional(call, target, true)],
    ['optFlatMap/2', (target) => mapOptional(call, target, false)],
  ]);
}

/** Makes trees whose issues are shown at the macro. */
class Builder {
  readonly offset: number;

  constructor(offset: number) {
    this.offset = offset;
  }

  literal(value: boolean | bigint): Expr {
    return { kind: 'literal', value, offset: this.offset, depth: 1 };
  }

  ident(name: string = accumulator): Expr {
    return { kind: 'ident', name, offset: this.offset, depth: 1 };
  }

  call(name: string, ...args: Expr[]): Expr {
    return { kind: 'call', name, target: undefined, args, offset: this.offset, depth: depthOver(args) };
  }

  member(target: Expr, name: string): Expr {
    return { kind: 'call', name, target, args: [], offset: this.offset, depth: target.depth + 1 };
  }

  list(...values: Expr[]): Expr {
    const elements = values.map((value) => ({ value, optional: false }));
    return { kind: 'list', elements, offset: this.offset, depth: depthOver(values) };
  }

  map(): Expr {
    return { kind: 'map', entries: [], offset: this.offset, depth: 1 };
  }
}

interface Fold {
  init: Expr;
  condition: Expr;
  step: Expr;
  result: Expr;
}

/** The fold of one macro: `rest` are the arguments after the variables. */
type Make = (build: Builder, rest: readonly Expr[], variables: readonly Expr[]) => Fold;

function comprehension(call: WrittenCall, target: Expr, variables: 1 | 2, make: Make, problem: string): Expr | Issue {
  const named = call.args.slice(0, variables);
  const names: string[] = [];
  for (const variable of named) {
    if (variable.kind !== 'ident') return { offset: variable.offset, message: problem };
    if (names.includes(variable.name)) {
      return { offset: variable.offset, message: `duplicate variable name: ${variable.name}` };
    }
    if (variable.name === '__result__') {
      return { offset: variable.offset, message: 'iteration variable overwrites accumulator variable' };
    }
    names.push(variable.name);
  }
  const fold = make(new Builder(call.offset), call.args.slice(variables), named);
  return {
    kind: 'fold',
    range: target,
    variable: names[0] ?? '',
    second: names[1],
    accumulator,
    ...fold,
    offset: call.offset,
    depth: depthOver([target, ...call.args]),
  };
}

const all: Make = (build, [test]) => ({
  init: build.literal(true),
  condition: build.call('@not_strictly_false', build.ident()),
  step: build.call('_&&_', build.ident(), test as Expr),
  result: build.ident(),
});

const exists: Make = (build, [test]) => ({
  init: build.literal(false),
  condition: build.call('@not_strictly_false', build.call('!_', build.ident())),
  step: build.call('_||_', build.ident(), test as Expr),
  result: build.ident(),
});

const existsOne: Make = (build, [test]) => ({
  init: build.literal(0n),
  condition: build.literal(true),
  step: build.call('_?_:_', test as Expr, build.call('_+_', build.ident(), build.literal(1n)), build.ident()),
  result: build.call('_==_', build.ident(), build.literal(1n)),
});

/** `map`, `transformList`: with or without a test before the transformation. */
const collect: Make = (build, rest) =>
  gathered(build, build.list(), rest, (value) => {
    return build.call('_+_', build.ident(), build.list(value));
  });

const filter: Make = (build, rest, [variable]) =>
  gathered(build, build.list(), [...rest, variable as Expr], (value) => {
    return build.call('_+_', build.ident(), build.list(value));
  });

const insert: Make = (build, rest, [key]) =>
  gathered(build, build.map(), rest, (value) => {
    return build.call('cel.@mapInsert', build.ident(), build.ident(key?.kind === 'ident' ? key.name : ''), value);
  });

const insertEntry: Make = (build, rest) =>
  gathered(build, build.map(), rest, (value) => {
    return build.call('cel.@mapInsert', build.ident(), value);
  });

function gathered(build: Builder, init: Expr, rest: readonly Expr[], add: (value: Expr) => Expr): Fold {
  const [first, second] = rest;
  const step =
    second === undefined ? add(first as Expr) : build.call('_?_:_', first as Expr, add(second), build.ident());
  return { init, condition: build.literal(true), step, result: build.ident() };
}

function has(call: WrittenCall): Expr | Issue {
  const [arg] = call.args;
  if (arg?.kind !== 'select') return { offset: arg?.offset ?? call.offset, message: 'invalid argument to has() macro' };
  return { ...arg, test: true, offset: call.offset };
}

/** `optional.optMap(v, e)`: a fold over nothing that only binds `v`. */
function mapOptional(call: WrittenCall, target: Expr, wrap: boolean): Expr | Issue {
  const [variable, body] = call.args as readonly [Expr, Expr];
  if (variable.kind !== 'ident') {
    return { offset: variable.offset, message: `${call.name}() variable name must be a simple identifier` };
  }
  const build = new Builder(call.offset);
  const bound = bind(build, variable.name, build.member(target, 'value'), body);
  const found = wrap ? build.call('optional.of', bound) : bound;
  return build.call('_?_:_', build.member(target, 'hasValue'), found, build.call('optional.none'));
}

/** `list.sortBy(v, key)`: binds the list, so that it is evaluated once, and sorts it by the keys of its elements. */
function sortBy(call: WrittenCall, target: Expr): Expr | Issue {
  const build = new Builder(call.offset);
  const input = build.ident('@__sortBy_input__');
  const keys = comprehension(call, input, 1, collect, 'argument is not an identifier');
  if ('message' in keys) return keys;
  const sorted = { ...build.member(input, '@sortByAssociatedKeys'), args: [keys] } as Expr;
  return { ...bind(build, '@__sortBy_input__', target, sorted), depth: depthOver([target, ...call.args]) };
}

/** A fold over nothing, which only gives a value a name. */
function bind(build: Builder, name: string, value: Expr, result: Expr): Expr {
  return {
    kind: 'fold',
    range: build.list(),
    variable: '#unused',
    second: undefined,
    accumulator: name,
    init: value,
    condition: build.literal(false),
    step: build.ident(name),
    result,
    offset: build.offset,
    depth: depthOver([value, result]),
  };
}

function depthOver(children: readonly Expr[]): number {
  let most = 0;
  for (const child of children) most = Math.max(most, child.depth);
  return most + 1;
}
