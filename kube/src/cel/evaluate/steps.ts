import { CelBudget } from '../budget.ts';
import { CelError } from '../errors.ts';
import { readPattern } from '../functions/regex.ts';
import { type ArrayList, keyText, Optional, typeNameOf, type Value, type ValueMap } from '../values/value.ts';
import { Failure, noSuchOverload } from './failure.ts';
import type { Frame, Step } from './frame.ts';
import { Meter } from './meter.ts';

/** The arguments of a call. When one fails the others are still evaluated, and the call counts as one. */
export function evaluated(steps: readonly Step[], frame: Frame): Value[] | Failure {
  const values: Value[] = [];
  let failure: Failure | undefined;
  for (const step of steps) {
    const value = step(frame);
    if (value instanceof Failure) failure ??= value;
    else values.push(value);
  }
  if (failure === undefined) return values;
  frame.meter.charge(1);
  return failure;
}

/** Evaluates what needs no variables; that it always fails is found out before the first evaluation. */
export function attempt(build: Step): Value {
  const frame = { meter: new Meter(new CelBudget()) } as Frame;
  const value = build(frame);
  if (!(value instanceof Failure)) return value;
  throw new CelError('Compilation', `program instantiation failed: ${value.message}`);
}

/** Adds an entry to a map that is being made, or gives the failure that its key or value is. */
export function addEntry(
  map: ValueMap,
  key: Value | Failure,
  value: Value | Failure,
  optional: boolean,
): Failure | undefined {
  if (key instanceof Failure) return key;
  if (value instanceof Failure) return value;
  let entry: Value = value;
  if (optional) {
    if (!(value instanceof Optional)) return new Failure(noSuchOverload);
    if (value.value === undefined) return undefined;
    entry = value.value;
  }
  return map.set(key, entry) ? undefined : new Failure(`unsupported key type: ${typeNameOf(key)}`);
}

export function checkPattern(pattern: string): void {
  const compiled = readPattern(pattern);
  if (typeof compiled === 'string') throw new CelError('Compilation', `program instantiation failed: ${compiled}`);
}

/** `x in ['a', 'b']`, looked up instead of gone through; free, as in cel-go. */
export function membership(needle: Step, range: ArrayList, call: Step): Step {
  const members = new Set(range.items.map((item) => keyText(item)));
  if (members.has(undefined)) return call;
  return (frame) => {
    const value = needle(frame);
    if (value instanceof Failure) return value;
    const text = keyText(value);
    return text !== undefined && members.has(text);
  };
}
