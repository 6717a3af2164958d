import type { Overload } from '../functions/declare.ts';
import type { CelType } from '../types.ts';
import { Duration, Timestamp, TypeValue, Uint } from '../values/scalar.ts';
import { List, Mapping, Opaque, Optional, type Value } from '../values/value.ts';
import { caught, Failure, noSuchOverload } from './failure.ts';
import type { Meter } from './meter.ts';

/** Calls the first of the overloads that takes these values; its cost is charged before it runs. */
export function dispatch(
  name: string,
  overloads: readonly Overload[],
  args: readonly Value[],
  meter: Meter,
): Value | Failure {
  const overload = overloads.find(({ params }) => params.every((type, index) => isOf(args[index] as Value, type)));
  if (overload === undefined) {
    meter.charge(1);
    return new Failure(name === 'size' ? `${noSuchOverload}: size` : noSuchOverload);
  }
  return caught(() => {
    meter.charge(overload.cost === undefined ? 1 : overload.cost(args, meter));
    return overload.run(args, meter);
  });
}

/** Whether a value is of a declared type, as far as it shows: elements are not looked at. */
function isOf(value: Value, type: CelType): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'any':
    case 'param':
    case 'error':
      return true;
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return typeof value === 'bigint';
    case 'uint':
      return value instanceof Uint;
    case 'double':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'bytes':
      return value instanceof Uint8Array;
    case 'null':
      return value === null;
    case 'timestamp':
      return value instanceof Timestamp;
    case 'duration':
      return value instanceof Duration;
    case 'list':
      return value instanceof List;
    case 'map':
    case 'object':
      return value instanceof Mapping;
    case 'type':
      return value instanceof TypeValue;
    case 'opaque':
      if (type.name === 'optional_type') return value instanceof Optional;
      return value instanceof Opaque && value.typeName === type.name;
  }
}
