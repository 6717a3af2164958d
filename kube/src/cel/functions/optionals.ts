import { fail, noSuchOverload } from '../evaluate/failure.ts';
import type { Meter } from '../evaluate/meter.ts';
import { Duration, Timestamp, Uint } from '../values/scalar.ts';
import { ArrayList, List, Mapping, none, Optional, type Value } from '../values/value.ts';
import { declare } from './declare.ts';

function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0 || value === 0n || value === '') return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof Timestamp) return false;
  if (value instanceof Uint8Array) return value.length === 0;
  return (value instanceof List || value instanceof Mapping) && value.size === 0;
}

function unwrap(list: List, meter: Meter): Value {
  meter.work(list.size);
  const items: Value[] = [];
  for (const item of list) {
    if (!(item instanceof Optional)) return fail(`value ${String(item)} is not optional`);
    if (item.value !== undefined) items.push(item.value);
  }
  return new ArrayList(items);
}

const planned = () => fail(noSuchOverload);

/** Values that may be absent. Source: cel-go's optional types, version 2. */
export const optionals = [
  declare('#optional.of(A): optional<A>', (value: Value) => new Optional(value)),
  declare('#optional.ofNonZeroValue(A): optional<A>', (value: Value) => (isZero(value) ? none : new Optional(value))),
  declare('#optional.none(): optional<A>', () => none),
  declare('#optional.unwrap(list<optional<A>>): list<A>', unwrap),
  declare('list<optional<A>>.unwrapOpt(): list<A>', unwrap),
  declare('optional<A>.value(): A', (value: Optional) => value.value ?? fail('optional.none() dereference')),
  declare('optional<A>.hasValue(): bool', (value: Optional) => value.value !== undefined),
  declare('optional<A>.or(optional<A>): optional<A>', planned),
  declare('optional<A>.orValue(A): A', planned),
  declare('list<A>.first(): optional<A>', (list: List) => (list.size === 0 ? none : new Optional(list.at(0)))),
  declare('list<A>.last(): optional<A>', (list: List) =>
    list.size === 0 ? none : new Optional(list.at(list.size - 1)),
  ),
];
