import { type CelType, dyn } from '../types.ts';
import { celValueOf } from '../values/from-data.ts';
import type { Value } from '../values/value.ts';
import { caught, Failure } from './failure.ts';
import type { Meter } from './meter.ts';

/** One evaluation: the variables that it was given, those of its comprehensions, and its meter. */
export class Frame {
  readonly meter: Meter;
  /** Variables of comprehensions, at places that were given out when the expression was planned. */
  readonly slots: (Value | Failure)[] = [];
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #declared: Readonly<Record<string, CelType>>;
  readonly #converted = new Map<string, Value>();

  constructor(given: Readonly<Record<string, unknown>>, declared: Readonly<Record<string, CelType>>, meter: Meter) {
    this.#given = given;
    this.#declared = declared;
    this.meter = meter;
  }

  variable(name: string): Value | Failure {
    const known = this.#converted.get(name);
    if (known !== undefined) return known;
    const type = this.#declared[name] ?? dyn;
    const optional = type.kind === 'opaque' && type.name === 'optional_type';
    if (!Object.hasOwn(this.#given, name) && !optional) return new Failure(`no such attribute(s): ${name}`);
    const value = caught(() => celValueOf(this.#given[name], type));
    if (!(value instanceof Failure)) this.#converted.set(name, value);
    return value;
  }

  /** A comprehension's variable; an accumulator may hold a failure. */
  local(slot: number): Value | Failure {
    return this.slots[slot] as Value | Failure;
  }
}

/** One planned expression. */
export type Step = (frame: Frame) => Value | Failure;
