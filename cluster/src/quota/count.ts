import type { KubeObject } from '@berth/kube/objects';
import type { Quantity } from '@berth/kube/quantity';
import { zero } from './amounts.ts';
import { isCovered, scopesOf } from './scopes.ts';
import type { Evaluator, ResourceQuota, Usage } from './types.ts';

/** Answers what those of the objects use that the quota is about, by these names. `now`: milliseconds since the epoch. */
export type UsageCounter<T> = (
  quota: ResourceQuota,
  evaluator: Evaluator,
  objects: readonly T[],
  options: { names: readonly string[]; now: number },
) => Usage;

/**
 * A counter that remembers what each object uses for as long as the object is there: of thousands that did not change, none is looked into again.
 * `T` is what the reader keeps an object in, another one for every version of it; nobody changes it.
 */
export function usageCounter<T extends object>(read: (kept: T) => KubeObject): UsageCounter<T> {
  const known = new WeakMap<T, Usage>();
  const usageOf = (kept: T, evaluator: Evaluator, now: number): Usage => {
    const before = known.get(kept);
    if (before) return before;
    const object = read(kept);
    const usage = evaluator.usageOf(object, now);
    // What is being deleted is a burden until a certain time.
    if (object.metadata.deletionTimestamp === undefined) known.set(kept, usage);
    return usage;
  };
  return (quota, evaluator, objects, { names, now }) => {
    const isScoped = scopesOf(quota).length > 0;
    const covered = isScoped ? objects.filter((kept) => isCovered(quota, evaluator, read(kept))) : objects;
    const usages = covered.map((kept) => usageOf(kept, evaluator, now));
    return Object.fromEntries(names.map((name) => [name, total(name, usages)]));
  };
}

/** As `addQuantities` one after the other, with nothing made on the way. */
function total(name: string, usages: readonly Usage[]): Quantity {
  let { nanos, format } = zero;
  for (const usage of usages) {
    const more = usage[name];
    if (more === undefined || more.nanos === 0n) continue;
    if (nanos === 0n) format = more.format;
    nanos += more.nanos;
  }
  return { nanos, format };
}
