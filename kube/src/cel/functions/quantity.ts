import { isBerthError } from '../../errors/index.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  isQuantity,
  parseQuantity,
  type Quantity,
  subtractQuantities,
} from '../../quantity/index.ts';
import { fail } from '../evaluate/failure.ts';
import { Opaque } from '../values/value.ts';
import { reading } from './costs.ts';
import { declare } from './declare.ts';

const unit = 1_000_000_000n;

class QuantityValue extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }

  equals(other: QuantityValue): boolean {
    return compareQuantities(this.quantity, other.quantity) === 0;
  }

  plain(): string {
    return formatQuantity(this.quantity);
  }
}

function read(text: string): QuantityValue {
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (error) {
    if (isBerthError(error)) return fail(error.message);
    throw error;
  }
}

const whole = (value: bigint) => new QuantityValue({ nanos: value * unit, format: 'DecimalExponent' });
const isWhole = ({ quantity }: QuantityValue) =>
  quantity.nanos % unit === 0n && BigInt.asIntN(64, quantity.nanos / unit) === quantity.nanos / unit;
const order = (a: QuantityValue, b: QuantityValue) => compareQuantities(a.quantity, b.quantity);
const sum = (a: QuantityValue, b: QuantityValue) => new QuantityValue(addQuantities(a.quantity, b.quantity));
const difference = (a: QuantityValue, b: QuantityValue) =>
  new QuantityValue(subtractQuantities(a.quantity, b.quantity));

function asInteger(value: QuantityValue): bigint {
  return isWhole(value) ? value.quantity.nanos / unit : fail('cannot convert value to integer');
}

function sign({ quantity }: QuantityValue): bigint {
  return quantity.nanos > 0n ? 1n : quantity.nanos < 0n ? -1n : 0n;
}

/** Quantities. Source: the quantity library of `k8s.io/apiserver/pkg/cel/library`. */
export const quantities = [
  declare('quantity(string): quantity', read, reading),
  declare('isQuantity(string): bool', isQuantity, reading),
  declare('sign(quantity): int', sign),
  declare('quantity.isGreaterThan(quantity): bool', (a: QuantityValue, b: QuantityValue) => order(a, b) > 0),
  declare('quantity.isLessThan(quantity): bool', (a: QuantityValue, b: QuantityValue) => order(a, b) < 0),
  declare('quantity.compareTo(quantity): int', (a: QuantityValue, b: QuantityValue) => BigInt(order(a, b))),
  declare(
    'quantity.asApproximateFloat(): double',
    ({ quantity }: QuantityValue) => Number(quantity.nanos) / Number(unit),
  ),
  declare('quantity.asInteger(): int', asInteger),
  declare('quantity.isInteger(): bool', isWhole),
  declare('quantity.add(quantity): quantity', sum),
  declare('quantity.add(int): quantity', (a: QuantityValue, b: bigint) => sum(a, whole(b))),
  declare('quantity.sub(quantity): quantity', difference),
  declare('quantity.sub(int): quantity', (a: QuantityValue, b: bigint) => difference(a, whole(b))),
];
