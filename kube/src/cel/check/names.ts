import {
  bool,
  bytes,
  type CelType,
  double,
  duration,
  dyn,
  int,
  list,
  map,
  nullType,
  opaque,
  string,
  timestamp,
  typeOf,
  uint,
} from '../types.ts';
import { Uint } from '../values/scalar.ts';
import { isDynOrError, sameType } from './unify.ts';

/** The types that have a name in expressions. */
export const typeNames = new Map<string, CelType>([
  ...[bool, bytes, double, int, string, uint].map((type) => [type.kind, type] as const),
  ['list', list(dyn)],
  ['map', map(dyn, dyn)],
  ['null_type', nullType],
  ['type', typeOf(dyn)],
  ['google.protobuf.Timestamp', timestamp],
  ['google.protobuf.Duration', duration],
  ['optional_type', opaque('optional_type')],
  ['net.IP', opaque('net.IP')],
  ['net.CIDR', opaque('net.CIDR')],
]);

/** The type of a literal. */
export function literalType(value: unknown): CelType {
  switch (typeof value) {
    case 'boolean':
      return bool;
    case 'bigint':
      return int;
    case 'number':
      return double;
    case 'string':
      return string;
    default:
      if (value === null) return nullType;
      return value instanceof Uint ? uint : bytes;
  }
}

/** Whether an expression of type `found` may be used where one of `wanted` is asked for. */
export function accepts(found: CelType, wanted: readonly CelType[]): boolean {
  if (isDynOrError(found)) return true;
  return wanted.some((type) => sameType(type, found));
}
