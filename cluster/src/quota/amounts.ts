import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  subtractQuantities,
} from '@berth/kube/quantity';
import type { Usage } from './types.ts';

export type ResourceList = Readonly<Record<string, string | number>>;

export const one: Quantity = parseQuantity('1');
export const zero: Quantity = parseQuantity('0');

export function amountsOf(list: ResourceList | undefined): Usage {
  return Object.fromEntries(Object.entries(list ?? {}).map(([name, value]) => [name, parseQuantity(String(value))]));
}

export function sum(a: Usage, b: Usage): Usage {
  const total: Record<string, Quantity> = { ...a };
  for (const [name, value] of Object.entries(b)) {
    const present = total[name];
    total[name] = present ? addQuantities(present, value) : value;
  }
  return total;
}

/** The larger of the two by each name; of equals the first. */
export function largest(a: Usage, b: Usage): Usage {
  const result: Record<string, Quantity> = { ...a };
  for (const [name, value] of Object.entries(b)) {
    const present = result[name];
    if (!present || compareQuantities(value, present) > 0) result[name] = value;
  }
  return result;
}

export function isPositive(value: Quantity | undefined): boolean {
  return value !== undefined && value.nanos > 0n;
}

/** `a` without `b`, by the names of `a`, nothing below zero. */
export function less(a: Usage, b: Usage): Usage {
  return Object.fromEntries(
    Object.entries(a).map(([name, value]) => {
      const rest = subtractQuantities(value, b[name] ?? zero);
      return [name, rest.nanos > 0n ? rest : zero];
    }),
  );
}

/** What is not zero of the amounts with one of the names. */
export function only(amounts: Usage, names: readonly string[]): Usage {
  return Object.fromEntries(
    Object.entries(amounts).filter(([name, { nanos }]) => nanos !== 0n && names.includes(name)),
  );
}

export function areEqual(a: Usage, b: Usage): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => {
      const [one, other] = [a[name], b[name]];
      return one !== undefined && other !== undefined && compareQuantities(one, other) === 0;
    })
  );
}

/** As an object of the API carries them. */
export function written(amounts: Usage): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatQuantity(amount)]));
}
