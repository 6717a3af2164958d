import { fail } from '../evaluate/failure.ts';
import type { Meter } from '../evaluate/meter.ts';
import { compare, equal } from '../values/equality.ts';
import { Duration, Uint } from '../values/scalar.ts';
import { ArrayList, keyText, List, typeNameOf, type Value } from '../values/value.ts';
import { everything } from './costs.ts';
import { type CallCost, declare } from './declare.ts';
import { int, uint } from './operators.ts';

const ordered = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];

function isSorted(list: List): boolean {
  let before: Value | undefined;
  for (const item of list) {
    if (before !== undefined && (compare(before, item) ?? 0) > 0) return false;
    before = item;
  }
  return true;
}

function extreme(name: string, replaces: (order: number) => boolean) {
  return (list: List): Value => {
    let best: Value | undefined;
    for (const item of list) if (best === undefined || replaces(compare(best, item) ?? 0)) best = item;
    return best ?? fail(`${name} called on empty list`);
  };
}

const sums: Readonly<Record<string, (list: List) => Value>> = {
  int: (list) => total(list, 0n, (sum, item) => int((sum as bigint) + (item as bigint))),
  uint: (list) => total(list, new Uint(0n), (sum, item) => uint((sum as Uint).value + (item as Uint).value)),
  double: (list) => total(list, 0, (sum, item) => (sum as number) + (item as number)),
  duration: (list) =>
    total(list, new Duration(0n), (sum, item) => new Duration((sum as Duration).nanos + (item as Duration).nanos)),
};

function total(list: List, none: Value, add: (sum: Value, item: Value) => Value): Value {
  let sum = none;
  for (const item of list) {
    if (typeNameOf(item) !== typeNameOf(none)) return fail('no such overload');
    sum = add(sum, item);
  }
  return sum;
}

function indexOf(list: List, item: Value, meter: Meter): bigint {
  for (let index = 0; index < list.size; index += 1) if (equal(list.at(index), item, meter)) return BigInt(index);
  return -1n;
}

function lastIndexOf(list: List, item: Value, meter: Meter): bigint {
  for (let index = list.size - 1; index >= 0; index -= 1) if (equal(list.at(index), item, meter)) return BigInt(index);
  return -1n;
}

function slice(list: List, start: bigint, end: bigint, meter: Meter): List {
  const asked = `cannot slice(${start}, ${end}),`;
  if (start < 0n || end < 0n) return fail(`${asked} negative indexes not supported`);
  if (start > end) return fail(`${asked} start index must be less than or equal to end index`);
  if (end > BigInt(list.size)) return fail(`${asked} list is length ${list.size}`);
  return taken(list, meter, Number(start), Number(end));
}

function taken(list: List, meter: Meter, start = 0, end = list.size): ArrayList {
  meter.make(end - start);
  const items: Value[] = [];
  for (let index = start; index < end; index += 1) items.push(list.at(index));
  return new ArrayList(items);
}

function flatten(list: List, depth: bigint, meter: Meter): List {
  if (depth < 0n) return fail('level must be non-negative');
  const items: Value[] = [];
  const add = (each: List, left: bigint): void => {
    for (const item of each) {
      meter.make(1);
      if (item instanceof List && left > 0n) add(item, left - 1n);
      else items.push(item);
    }
  };
  add(list, depth);
  return new ArrayList(items);
}

function sortBy(list: List, keys: List, meter: Meter): List {
  const first = keys.size === 0 ? undefined : typeNameOf(keys.at(0));
  const order = taken(keys, meter).items.map((key, index) => ({ key, index }));
  if (order.some(({ key }) => typeNameOf(key) !== first)) return fail('list elements must have the same type');
  order.sort((a, b) => compare(a.key, b.key) || a.index - b.index);
  return new ArrayList(order.map(({ index }) => list.at(index)));
}

function distinct(list: List, meter: Meter): List {
  const items: Value[] = [];
  const seen = new Set<string>();
  for (const item of list) {
    const text = keyText(item);
    if (text === undefined ? items.some((other) => equal(item, other, meter)) : seen.has(text)) continue;
    if (text !== undefined) seen.add(text);
    items.push(item);
  }
  return new ArrayList(items);
}

function range(end: bigint): List {
  const items: Value[] = [];
  for (let value = 0n; value < end; value += 1n) items.push(value);
  return new ArrayList(items);
}

/** Making a list costs ten besides what is put into it. */
const making = (size: number) => Math.floor(size) + 11;
const sized: CallCost = ([list]) => making((list as List).size);
/** Every element compared with every other, texts being read besides. */
const compared = (list: List): number => {
  const [first] = list.size === 0 ? [] : [list.at(0)];
  const each = typeof first === 'string' || first instanceof Uint8Array ? 2.1 : 2;
  return making(each * list.size * list.size);
};
const span = (start: bigint, end: bigint, meter: Meter): number => {
  const size = Number(end < start ? 0n : end - start);
  meter.make(size);
  return making(size);
};

/** Lists. Source: Kubernetes' list library, and cel-go's list extensions of version 3. */
export const lists = [
  ...ordered.flatMap((type) => [
    declare(`list<${type}>.isSorted(): bool`, isSorted, everything),
    declare(
      `list<${type}>.min(): ${type}`,
      extreme('min', (order) => order > 0),
      everything,
    ),
    declare(
      `list<${type}>.max(): ${type}`,
      extreme('max', (order) => order < 0),
      everything,
    ),
    declare(
      `list<${type}>.sort(): list<${type}>`,
      (list: List, meter: Meter) => sortBy(list, list, meter),
      ([list]) => compared(list as List),
    ),
    declare(`list<A>.@sortByAssociatedKeys(list<${type}>): list<A>`, sortBy, ([, keys]) => compared(keys as List)),
  ]),
  ...Object.entries(sums).map(([type, sum]) => declare(`list<${type}>.sum(): ${type}`, sum, everything)),
  declare('list<A>.indexOf(A): int', indexOf, everything),
  declare('list<A>.lastIndexOf(A): int', lastIndexOf, everything),
  declare('list<A>.slice(int, int): list<A>', slice, ([, start, end], meter) =>
    span(start as bigint, end as bigint, meter),
  ),
  declare('list<list<A>>.flatten(): list<A>', (list: List, meter: Meter) => flatten(list, 1n, meter), sized),
  declare('list<dyn>.flatten(int): list<dyn>', flatten, ([list, depth]) =>
    making((list as List).size * Math.max(0, Number(depth))),
  ),
  declare(
    'list<A>.reverse(): list<A>',
    (list: List, meter: Meter) => new ArrayList(taken(list, meter).items.reverse()),
    sized,
  ),
  declare('list<A>.distinct(): list<A>', distinct, ([list]) => compared(list as List)),
  declare('#lists.range(int): list<int>', range, ([end], meter) => span(0n, end as bigint, meter)),
];

function contains(list: List, part: List, meter: Meter): boolean {
  for (const item of part) if (!isIn(item, list, meter)) return false;
  return true;
}

function isIn(item: Value, list: List, meter: Meter): boolean {
  for (const other of list) if (equal(item, other, meter)) return true;
  return false;
}

function intersects(list: List, other: List, meter: Meter): boolean {
  for (const item of list) if (isIn(item, other, meter)) return true;
  return false;
}

const product =
  (times: number): CallCost =>
  ([a, b]) =>
    1 + (a as List).size * (b as List).size * times;

/** Lists as sets. Source: cel-go's set extensions. */
export const sets = [
  declare('#sets.contains(list<A>, list<A>): bool', contains, product(1)),
  declare(
    '#sets.equivalent(list<A>, list<A>): bool',
    (a: List, b: List, meter: Meter) => contains(a, b, meter) && contains(b, a, meter),
    product(2),
  ),
  declare('#sets.intersects(list<A>, list<A>): bool', intersects, product(1)),
];
