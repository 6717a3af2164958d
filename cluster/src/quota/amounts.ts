import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '@berth/kube/quantity';
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
