import { fail, noSuchOverload } from '../evaluate/failure.ts';
import type { Meter } from '../evaluate/meter.ts';
import { compare, equal } from '../values/equality.ts';
import { mergeKeyed } from '../values/from-data.ts';
import { Duration, Timestamp, Uint } from '../values/scalar.ts';
import { isDuration, isTimestamp } from '../values/time.ts';
import { JoinedList, type List, type Mapping, Opaque, type Value } from '../values/value.ts';
import { both, eachOfSecond, shorter } from './costs.ts';
import { type CallCost, declare } from './declare.ts';

const maxInt = 2n ** 63n - 1n;
const maxUint = 2n ** 64n - 1n;

export function int(value: bigint): bigint {
  return value > maxInt || value < -maxInt - 1n ? fail('integer overflow') : value;
}

export function uint(value: bigint): Uint {
  return value > maxUint || value < 0n ? fail('unsigned integer overflow') : new Uint(value);
}

const instant = (nanos: bigint, { offset }: Timestamp) =>
  isTimestamp(nanos) ? new Timestamp(nanos, offset) : fail('timestamp overflow');
const span = (nanos: bigint) => (isDuration(nanos) ? new Duration(nanos) : fail('duration overflow'));

/** Values that only functions know compare at once; everything else is read. */
const comparing: CallCost = (args, meter) => (args[0] instanceof Opaque ? 1 : shorter(args, meter));

function divide(a: bigint, b: bigint): bigint {
  return b === 0n ? fail('division by zero') : a / b;
}

function modulo(a: bigint, b: bigint): bigint {
  return b === 0n ? fail('modulus by zero') : a % b;
}

function joinBytes(a: Uint8Array, b: Uint8Array, meter: Meter): Uint8Array {
  meter.make(a.length + b.length);
  return new Uint8Array(Buffer.concat([a, b]));
}

function joinText(a: string, b: string, meter: Meter): string {
  meter.make(a.length + b.length);
  return a + b;
}

function joinLists(a: List, b: List, meter: Meter): List {
  if (a.memberKey === undefined) return new JoinedList(a, b);
  meter.work(a.size + b.size);
  return mergeKeyed(a, b, a.memberKey);
}

function isIn(needle: Value, list: List, meter: Meter): boolean {
  for (const item of list) if (equal(needle, item, meter)) return true;
  return false;
}

const arithmetic = [
  declare('_+_(int, int): int', (a: bigint, b: bigint) => int(a + b)),
  declare('_+_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value + b.value)),
  declare('_+_(double, double): double', (a: number, b: number) => a + b),
  declare('_+_(string, string): string', joinText, both),
  declare('_+_(bytes, bytes): bytes', joinBytes, both),
  declare('_+_(list<A>, list<A>): list<A>', joinLists),
  declare('_+_(duration, duration): duration', (a: Duration, b: Duration) => span(a.nanos + b.nanos)),
  declare('_+_(duration, timestamp): timestamp', (a: Duration, b: Timestamp) => instant(a.nanos + b.nanos, b)),
  declare('_+_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) => instant(a.nanos + b.nanos, a)),
  declare('_-_(int, int): int', (a: bigint, b: bigint) => int(a - b)),
  declare('_-_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value - b.value)),
  declare('_-_(double, double): double', (a: number, b: number) => a - b),
  declare('_-_(duration, duration): duration', (a: Duration, b: Duration) => span(a.nanos - b.nanos)),
  declare('_-_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) => instant(a.nanos - b.nanos, a)),
  declare('_-_(timestamp, timestamp): duration', (a: Timestamp, b: Timestamp) => span(a.nanos - b.nanos)),
  declare('_*_(int, int): int', (a: bigint, b: bigint) => int(a * b)),
  declare('_*_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value * b.value)),
  declare('_*_(double, double): double', (a: number, b: number) => a * b),
  declare('_/_(int, int): int', (a: bigint, b: bigint) => int(divide(a, b))),
  declare('_/_(uint, uint): uint', (a: Uint, b: Uint) => uint(divide(a.value, b.value))),
  declare('_/_(double, double): double', (a: number, b: number) => a / b),
  declare('_%_(int, int): int', (a: bigint, b: bigint) => int(modulo(a, b))),
  declare('_%_(uint, uint): uint', (a: Uint, b: Uint) => uint(modulo(a.value, b.value))),
  declare('-_(int): int', (a: bigint) => int(-a)),
  declare('-_(double): double', (a: number) => -a),
  declare('!_(bool): bool', (a: boolean) => !a),
];

const equality = [
  declare('_==_(A, A): bool', (a: Value, b: Value, meter: Meter) => equal(a, b, meter), comparing),
  declare('_!=_(A, A): bool', (a: Value, b: Value, meter: Meter) => !equal(a, b, meter), shorter),
];

const numbers = ['int', 'uint', 'double'];
const ordered = [
  ...numbers.flatMap((left) => numbers.map((right) => [left, right])),
  ...['bool', 'string', 'bytes', 'timestamp', 'duration'].map((type) => [type, type]),
];

/** One relation over everything that has an order; numbers also across their types. */
function relation(symbol: string, holds: (order: number) => boolean) {
  const run = (a: Value, b: Value) => {
    const order = compare(a, b);
    if (order === undefined) return fail(noSuchOverload);
    return Number.isNaN(order) ? fail('NaN values cannot be ordered') : holds(order);
  };
  return ordered.map(([left, right]) => {
    const read = left === 'string' || left === 'bytes' ? shorter : undefined;
    return declare(`_${symbol}_(${left}, ${right}): bool`, run, read);
  });
}

/** Operators that the planner carries out itself; here for what they take and give. */
const planned = () => fail(noSuchOverload);
const structure = [
  declare('_&&_(bool, bool): bool', planned),
  declare('_||_(bool, bool): bool', planned),
  declare('_?_:_(bool, A, A): A', planned),
  declare('@not_strictly_false(bool): bool', planned),
  declare('_[_](list<A>, int): A', planned),
  declare('_[_](map<A, B>, A): B', planned),
  declare('_[_](optional<list<A>>, int): optional<A>', planned),
  declare('_[_](optional<map<A, B>>, A): optional<B>', planned),
  declare('_[?_](list<A>, int): optional<A>', planned),
  declare('_[?_](optional<list<A>>, int): optional<A>', planned),
  declare('_[?_](map<A, B>, A): optional<B>', planned),
  declare('_[?_](optional<map<A, B>>, A): optional<B>', planned),
  declare('#cel.@mapInsert(map<A, B>, A, B): map<A, B>', planned),
  declare('#cel.@mapInsert(map<A, B>, map<A, B>): map<A, B>', planned),
  declare('@in(A, list<A>): bool', isIn, eachOfSecond),
  declare('@in(A, map<A, B>): bool', (key: Value, map: Mapping) => map.has(key)),
];

/** The operators of the language, as functions. Source: the language definition, "List of Standard Definitions". */
export const operators = [
  ...structure,
  ...equality,
  ...arithmetic,
  ...relation('<', (order) => order < 0),
  ...relation('<=', (order) => order <= 0),
  ...relation('>', (order) => order > 0),
  ...relation('>=', (order) => order >= 0),
];
