import { BerthError } from '../errors/index.ts';

/**
 * A resource quantity, exact: `nanos` thousand-millionths of the unit, and the notation that it is written back in.
 * Source: the serialization format of `Quantity` in the Kubernetes API reference. As there, nothing finer than a
 * nano exists (it is rounded up, away from zero), and the magnitude is capped at 2^63 - 1.
 */
export interface Quantity {
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

/** `Ki`, `Mi`, … ; `n`, `u`, `m`, `k`, `M`, … ; or `e3`, `E3`. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

/** A quantity as an object of the API carries it. JSON numbers are accepted, as Kubernetes does. */
export type QuantityLike = string | number | Quantity;

const unit = 1_000_000_000n;
const cap = (2n ** 63n - 1n) * unit;
const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
const decimal = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const written = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|([numkMGTPE]?)|[eE]([+-]?\d{1,9}))$/;

/** What Kubernetes answers to anything that is not a quantity. */
export const quantityFormatMessage =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Parses `1500m`, `0.5`, `2Gi`, `1e3`. Throws `BadRequest` with Kubernetes' own words for anything else. */
export function parseQuantity(text: string | number): Quantity {
  const source = typeof text === 'number' ? numberText(text) : text;
  const match = source.length > 512 ? null : written.exec(source);
  const whole = match?.[2] ?? '';
  const fraction = match?.[3] ?? '';
  if (match === null || (whole === '' && fraction === '')) throw new BerthError('BadRequest', quantityFormatMessage);
  const sign = match[1] === '-' ? -1n : 1n;
  const digits = BigInt(whole + fraction);
  const [multiplier, exponent, format] = suffixOf(match);
  return { nanos: sign * scaled(digits * multiplier, exponent - fraction.length), format };
}

function suffixOf(match: RegExpExecArray): [multiplier: bigint, exponent: number, format: QuantityFormat] {
  const [, , , , binarySuffix, decimalSuffix, exponent] = match;
  if (binarySuffix !== undefined) return [1024n ** BigInt(binaryPower(binarySuffix)), 0, 'BinarySI'];
  if (exponent !== undefined) return [1n, Number(exponent), 'DecimalExponent'];
  return [1n, 3 * decimalPower(decimalSuffix ?? ''), 'DecimalSI'];
}

const binaryPower = (suffix: string) => (binary as readonly string[]).indexOf(suffix);
const decimalPower = (suffix: string) => (decimal as readonly string[]).indexOf(suffix) - 3;

/** `digits × 10^exponent` in nanos, rounded up in magnitude and capped; huge exponents cost nothing. */
function scaled(digits: bigint, exponent: number): bigint {
  if (digits === 0n) return 0n;
  const power = exponent + 9;
  if (power > 40) return cap;
  if (power < -600) return 1n;
  const nanos = power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power));
  return nanos > cap ? cap : nanos;
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

/** JSON's number, without the exponent sign that `String` may write as `1e+21`. */
function numberText(value: number): string {
  return Number.isFinite(value) ? String(value).replace('e+', 'e') : '';
}

/** Whether the value is written as a quantity. */
export function isQuantity(value: unknown): value is string | number {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  try {
    parseQuantity(value);
    return true;
  } catch {
    return false;
  }
}

/** The canonical form: the largest suffix that leaves a whole number, in the quantity's own notation. */
export function formatQuantity(quantity: Quantity): string {
  const { nanos } = quantity;
  if (nanos === 0n) return '0';
  const sign = nanos < 0n ? '-' : '';
  const magnitude = nanos < 0n ? -nanos : nanos;
  if (quantity.format === 'BinarySI' && magnitude % unit === 0n && magnitude >= 1024n * unit) {
    return sign + binaryText(magnitude / unit);
  }
  return sign + decimalText(magnitude, quantity.format === 'DecimalExponent');
}

function binaryText(whole: bigint): string {
  let value = whole;
  let power = 0;
  while (power < binary.length - 1 && value % 1024n === 0n) {
    value /= 1024n;
    power += 1;
  }
  return `${value}${binary[power]}`;
}

function decimalText(nanos: bigint, exponential: boolean): string {
  let value = nanos;
  let power = 0;
  while (power < decimal.length - 1 && value % 1000n === 0n) {
    value /= 1000n;
    power += 1;
  }
  if (!exponential) return `${value}${decimal[power]}`;
  const exponent = 3 * (power - 3);
  return exponent === 0 ? String(value) : `${value}e${exponent}`;
}
