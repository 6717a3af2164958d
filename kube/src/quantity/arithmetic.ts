import { formatQuantity, parseQuantity, type Quantity, type QuantityLike } from './quantity.ts';

const unit = 1_000_000_000n;

function read(value: QuantityLike): Quantity {
  return typeof value === 'object' ? value : parseQuantity(value);
}

/** Negative, zero or positive, as for `Array.sort`. Exact: `1` equals `1000m`. */
export function compareQuantities(a: QuantityLike, b: QuantityLike): number {
  const left = read(a).nanos;
  const right = read(b).nanos;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The exact sum, in the notation of the first that is not zero (as Kubernetes keeps it). */
export function addQuantities(a: QuantityLike, b: QuantityLike): Quantity {
  const left = read(a);
  const right = read(b);
  return { nanos: left.nanos + right.nanos, format: left.nanos === 0n ? right.format : left.format };
}

/** The exact difference, in the notation of the first that is not zero. */
export function subtractQuantities(a: QuantityLike, b: QuantityLike): Quantity {
  const right = read(b);
  return addQuantities(a, { nanos: -right.nanos, format: right.format });
}

/** The quantity as Kubernetes stores it: `1000m` becomes `1`, `1024Ki` becomes `1Mi`. */
export function canonicalQuantity(value: string | number): string {
  return formatQuantity(parseQuantity(value));
}

/** Thousandths of a CPU, rounded up: `0.5` is 500. Absent is 0. */
export function cpuMillis(value: QuantityLike | undefined): number {
  return value === undefined ? 0 : roundedUp(read(value).nanos, unit / 1000n);
}

/** Bytes (or whole units of anything), rounded up: `1Ki` is 1024. Absent is 0. Past 2^53 the nearest number. */
export function bytes(value: QuantityLike | undefined): number {
  return value === undefined ? 0 : roundedUp(read(value).nanos, unit);
}

function roundedUp(nanos: bigint, by: bigint): number {
  return Number(nanos <= 0n ? nanos / by : (nanos + by - 1n) / by);
}

/** A quantity of whole bytes, to be written as `512Mi`. */
export function bytesQuantity(count: number): Quantity {
  return { nanos: BigInt(Math.ceil(count)) * unit, format: 'BinarySI' };
}

/** A quantity of CPU thousandths, to be written as `1500m`. */
export function cpuQuantity(millis: number): Quantity {
  return { nanos: BigInt(Math.ceil(millis)) * (unit / 1000n), format: 'DecimalSI' };
}
