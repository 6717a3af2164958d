import type { Pod } from '../objects/index.ts';
import { bytes, cpuMillis } from '../quantity/index.ts';
import { type PodArithmetic, podResources, type ResourceList } from './resources.ts';

/** By the name of a resource: `cpu` in thousandths of a core, everything else in bytes or pieces. */
type Amounts = Readonly<Record<string, number>>;

/** Amounts of a resource list: `{ cpu: '500m', memory: '1Gi' }` → `{ cpu: 500, memory: 1073741824 }`. */
export function amountsOf(list: ResourceList | undefined): Record<string, number> {
  const amounts: Record<string, number> = {};
  for (const name in list) {
    const quantity = list[name] ?? 0;
    amounts[name] = name === 'cpu' ? cpuMillis(quantity) : bytes(quantity);
  }
  return amounts;
}

export function plus(a: Amounts, b: Amounts): Amounts {
  const sum: Record<string, number> = { ...a };
  for (const name in b) sum[name] = (sum[name] ?? 0) + (b[name] ?? 0);
  return sum;
}

export function minus(a: Amounts, b: Amounts): Amounts {
  const rest: Record<string, number> = { ...a };
  for (const name in b) rest[name] = (rest[name] ?? 0) - (b[name] ?? 0);
  return rest;
}

function most(a: Amounts, b: Amounts): Amounts {
  const larger: Record<string, number> = { ...a };
  for (const name in b) larger[name] = Math.max(larger[name] ?? 0, b[name] ?? 0);
  return larger;
}

/** Whole thousandths of a core, bytes and pieces, each rounded up. */
export const whole: PodArithmetic<Amounts> = { read: amountsOf, plus, most };

/** What a pod asks for in whole amounts, with the runtime's overhead on top of every request and of what is limited at all. */
export function wholeResources(pod: Pod, what: 'requests' | 'limits', missing?: Amounts): Amounts {
  const total = podResources(pod, what, whole, missing);
  const overhead = amountsOf(pod.spec?.overhead);
  if (what === 'requests') return plus(total, overhead);
  const limited = Object.entries(overhead).filter(([name]) => total[name]);
  return plus(total, Object.fromEntries(limited));
}
