import type { Expr, FoldExpr } from '../syntax/ast.ts';
import { ArrayList, keyText, List, Mapping, typeNameOf, type Value, ValueMap } from '../values/value.ts';
import { fail } from './failure.ts';
import type { Frame, Step } from './frame.ts';
import { absorbed, type Planner } from './plan.ts';

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
    frame.slots[parts.accumulator] = fresh === undefined ? init(frame) : fresh();
    if (!never) loop(frame, over, parts);
    return parts.result(frame);
  };
}

interface Parts {
  readonly first: number;
  readonly second: number | undefined;
  readonly accumulator: number;
  readonly condition: Step | undefined;
  readonly step: Step;
}

function loop(frame: Frame, over: Value, parts: Parts): void {
  const { slots, meter } = frame;
  const once = (first: Value, second: Value | undefined): boolean => {
    meter.work(1);
    slots[parts.first] = first;
    if (parts.second !== undefined) slots[parts.second] = second as Value;
    if (parts.condition === undefined) {
      slots[parts.accumulator] = parts.step(frame);
      return true;
    }
    if (parts.condition(frame) !== true) return false;
    slots[parts.accumulator] = absorbed(parts.step, frame);
    return true;
  };
  if (over instanceof List) {
    for (let index = 0; index < over.size; index += 1) {
      const element = over.at(index);
      const goOn = parts.second === undefined ? once(element, undefined) : once(BigInt(index), element);
      if (!goOn) return;
    }
  } else if (over instanceof Mapping) {
    for (const key of over.keys()) if (!once(key, parts.second === undefined ? undefined : over.get(key))) return;
  } else fail(`got '${goName(over)}', expected iterable type`);
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
      if (typeof decided !== 'boolean') return fail('no such overload');
      return decided ? add(frame) : frame.local(slot);
    };
  }
  if (!isNamed(first, accumulator)) return planner.step(step);
  if (step.name === '_+_' && second?.kind === 'list' && second.elements.length === 1) {
    const element = planner.step((second.elements[0] as { value: Expr }).value);
    return (frame) => push(frame, slot, element(frame));
  }
  if (step.name === 'cel.@mapInsert' && second !== undefined) {
    const steps = [second, ...(third === undefined ? [] : [third])].map((each) => planner.step(each));
    return (frame) =>
      insert(
        frame,
        slot,
        steps.map((each) => each(frame)),
      );
  }
  return planner.step(step);
}

const isNamed = (expr: Expr | undefined, name: string) => expr?.kind === 'ident' && expr.name === name;

/** `accumulator + [element]`: one for the name, ten for the list, one for the sum. */
function push(frame: Frame, slot: number, element: Value): Value {
  frame.meter.charge(12);
  frame.meter.make(1);
  const gathered = frame.local(slot);
  if (gathered instanceof ArrayList) gathered.items.push(element);
  return gathered;
}

function insert(frame: Frame, slot: number, [keyOrMap, value]: readonly Value[]): Value {
  frame.meter.charge(2);
  const gathered = frame.local(slot);
  if (!(gathered instanceof ValueMap)) return gathered;
  if (value !== undefined) addOnce(frame, gathered, keyOrMap as Value, value);
  else if (keyOrMap instanceof Mapping) {
    for (const key of keyOrMap.keys()) addOnce(frame, gathered, key, keyOrMap.get(key) ?? null);
  } else fail('no such overload');
  return gathered;
}

function addOnce(frame: Frame, map: ValueMap, key: Value, value: Value): void {
  frame.meter.make(1);
  if (keyText(key) === undefined) fail(`unsupported key type: ${typeNameOf(key)}`);
  if (!map.add(key, value)) fail(`insert failed: key ${String(key)} already exists`);
}
