import type { Expr, FoldExpr } from '../syntax/ast.ts';
import { ArrayList, keyText, List, Mapping, typeNameOf, type Value, ValueMap } from '../values/value.ts';
import { caught, Failure, fail, noSuchOverload } from './failure.ts';
import type { Frame, Step } from './frame.ts';

/** What a fold needs of the planner: steps, and places for its variables. */
interface Planner {
  step(expr: Expr): Step;
  within<T>(names: readonly string[], plan: (slots: readonly number[]) => T): T;
}

/**
 * A comprehension. Those that gather a list or a map add to one that nobody else sees, in place: a step costs what its
 * element costs, not what was gathered before it. `all` and `exists` go on after a failure, since a later element may
 * decide; for all others the first failure is the result.
 */
export function planFold(planner: Planner, expr: FoldExpr): Step {
  const range = planner.step(expr.range);
  const init = planner.step(expr.init);
  const names = expr.second === undefined ? [expr.variable] : [expr.variable, expr.second];
  const parts = planner.within([expr.accumulator], ([accumulator = -1]) => {
    const inner = planner.within(names, ([first = -1, second]) => ({
      first,
      second,
      condition: expr.condition.kind === 'literal' ? undefined : planner.step(expr.condition),
      step: planStep(planner, expr.step, expr.accumulator, accumulator),
    }));
    return { ...inner, accumulator, result: planner.step(expr.result) };
  });
  const never = expr.condition.kind === 'literal' && expr.condition.value === false;
  const fresh = emptyLike(expr.init);
  return (frame) => {
    const over = range(frame);
    if (over instanceof Failure) return over;
    frame.slots[parts.accumulator] = fresh === undefined ? init(frame) : fresh();
    return (never ? undefined : loop(frame, over, parts)) ?? parts.result(frame);
  };
}

interface Parts {
  readonly first: number;
  readonly second: number | undefined;
  readonly accumulator: number;
  readonly condition: Step | undefined;
  readonly step: Step;
}

/** Runs to the end of the range, or to the failure that ends it. */
function loop(frame: Frame, over: Value, parts: Parts): Failure | undefined {
  const { slots, meter } = frame;
  const once = (first: Value | Failure, second: Value | Failure | undefined): boolean => {
    meter.work(1);
    slots[parts.first] = first;
    if (parts.second !== undefined) slots[parts.second] = second as Value | Failure;
    if (parts.condition !== undefined && parts.condition(frame) !== true) return false;
    const stepped = parts.step(frame);
    slots[parts.accumulator] = stepped;
    return parts.condition !== undefined || !(stepped instanceof Failure);
  };
  const ended = () => {
    const result = slots[parts.accumulator];
    return parts.condition === undefined && result instanceof Failure ? result : undefined;
  };
  if (over instanceof List) {
    for (let index = 0; index < over.size; index += 1) {
      const element = caught(() => over.at(index));
      const goOn = parts.second === undefined ? once(element, undefined) : once(BigInt(index), element);
      if (!goOn) return ended();
    }
  } else if (over instanceof Mapping) {
    for (const key of over.keys()) {
      const value = parts.second === undefined ? undefined : caught(() => over.get(key) ?? null);
      if (!once(key, value)) return ended();
    }
  } else return new Failure(`got '${goName(over)}', expected iterable type`);
  return undefined;
}

/** The value's type as cel-go calls it: `types.Int`. */
function goName(value: Value): string {
  const [name = ''] = typeNameOf(value).split('.').slice(-1);
  const first = name.replace(/_type$/, '');
  return `types.${first.charAt(0).toUpperCase()}${first.slice(1)}`;
}

/** A list or a map to be gathered into must be a new one each time. */
function emptyLike(init: Expr): (() => Value) | undefined {
  if (init.kind === 'list' && init.elements.length === 0) return () => new ArrayList([]);
  return init.kind === 'map' && init.entries.length === 0 ? () => new ValueMap() : undefined;
}

function planStep(planner: Planner, step: Expr, accumulator: string, slot: number): Step {
  if (step.kind !== 'call') return planner.step(step);
  const [first, second, third] = step.args;
  if (step.name === '_?_:_' && first && second && isNamed(third, accumulator)) {
    const test = planner.step(first);
    const add = planStep(planner, second, accumulator, slot);
    return (frame) => {
      const decided = test(frame);
      if (decided instanceof Failure) return decided;
      if (typeof decided !== 'boolean') return new Failure(noSuchOverload);
      return decided ? add(frame) : frame.local(slot);
    };
  }
  if (!isNamed(first, accumulator)) return planner.step(step);
  if (step.name === '_+_' && second?.kind === 'list' && second.elements.length === 1) {
    const element = planner.step((second.elements[0] as { value: Expr }).value);
    return (frame) => {
      const value = element(frame);
      return value instanceof Failure ? value : push(frame, slot, value);
    };
  }
  if (step.name === 'cel.@mapInsert' && second !== undefined) {
    const steps = [second, ...(third === undefined ? [] : [third])].map((each) => planner.step(each));
    return (frame) => {
      const values: Value[] = [];
      for (const each of steps) {
        const value = each(frame);
        if (value instanceof Failure) return value;
        values.push(value);
      }
      return caught(() => insert(frame, slot, values));
    };
  }
  return planner.step(step);
}

const isNamed = (expr: Expr | undefined, name: string) => expr?.kind === 'ident' && expr.name === name;

/** `accumulator + [element]`: one for the name, ten for the list, one for the sum. */
function push(frame: Frame, slot: number, element: Value): Value | Failure {
  frame.meter.charge(12);
  frame.meter.make(1);
  const gathered = frame.local(slot);
  if (gathered instanceof ArrayList) gathered.items.push(element);
  return gathered;
}

function insert(frame: Frame, slot: number, [keyOrMap, value]: readonly Value[]): Value | Failure {
  frame.meter.charge(2);
  const gathered = frame.local(slot);
  if (!(gathered instanceof ValueMap)) return gathered;
  if (value !== undefined) addOnce(frame, gathered, keyOrMap as Value, value);
  else if (keyOrMap instanceof Mapping) {
    for (const key of keyOrMap.keys()) addOnce(frame, gathered, key, keyOrMap.get(key) ?? null);
  } else fail(noSuchOverload);
  return gathered;
}

function addOnce(frame: Frame, map: ValueMap, key: Value, value: Value): void {
  frame.meter.make(1);
  if (keyText(key) === undefined) fail(`unsupported key type: ${typeNameOf(key)}`);
  if (!map.add(key, value)) fail(`insert failed: key ${String(key)} already exists`);
}
