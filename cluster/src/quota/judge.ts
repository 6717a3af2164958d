import { compareQuantities, formatQuantity } from '@berth/kube/quantity';
import { amountsOf, less, only, sum } from './amounts.ts';
import { isCovered } from './scopes.ts';
import type { Evaluator, ResourceQuota, Usage, Write } from './types.ts';

/** A quota with what is used of it. */
export interface Counted {
  quota: ResourceQuota;
  used: Usage;
}

/** Why a write is refused, or what it uses of the quotas, by their place in the list; of the others it uses nothing. */
export type Verdict = { refused: string } | { charges: ReadonlyMap<number, Usage> };

/**
 * Whether all the quotas have room for a write. A quota counts once its status has `hard`, which its controller writes.
 * `now`: milliseconds since the epoch. Source: "Resource Quotas" of the Kubernetes documentation; the words are those of its plugin.
 */
export function judge(quotas: readonly Counted[], evaluator: Evaluator, write: Write, now: number): Verdict {
  const { operation, subresource, object, old } = write;
  const concerned: number[] = [];
  for (const [place, { quota, used }] of quotas.entries()) {
    const names = trackedNames(quota, evaluator);
    if (names.length === 0 || !isCovered(quota, evaluator, object)) continue;
    const { name } = quota.metadata;
    const missing = evaluator.missing?.(object, names);
    if (missing !== undefined) return { refused: `failed quota: ${name}: ${missing}` };
    if (names.some((each) => used[each] === undefined)) {
      return { refused: `status unknown for quota: ${name}, resources: ${[...names].sort().join(',')}` };
    }
    concerned.push(place);
  }
  const usage = evaluator.usageOf(object, now);
  const negative = Object.keys(usage).filter((name) => (usage[name]?.nanos ?? 0n) < 0n);
  if (negative.length > 0) return { refused: `quota usage is negative for resource(s): ${negative.sort().join(',')}` };
  const more = operation === 'UPDATE' && old ? less(usage, evaluator.usageOf(old, now)) : usage;

  const charges = new Map<number, Usage>();
  for (const place of concerned) {
    const { quota, used } = quotas[place] as Counted;
    const wasCovered = operation === 'UPDATE' && old !== undefined && isCovered(quota, evaluator, old);
    const hard = amountsOf(quota.status?.hard);
    const requested = only(wasCovered ? more : usage, Object.keys(hard));
    if (Object.keys(requested).length === 0) continue;
    // What a status tells has happened already.
    const exceeded = subresource === 'status' ? [] : exceededBy(requested, used, hard);
    if (exceeded.length > 0) {
      const [asks, has, may] = [requested, used, hard].map((amounts) => listed(amounts, exceeded));
      return { refused: `exceeded quota: ${quota.metadata.name}, requested: ${asks}, used: ${has}, limited: ${may}` };
    }
    charges.set(place, requested);
  }
  return { charges };
}

/** What the quota limits, by its status, and objects of the resource use. */
export function trackedNames({ status }: ResourceQuota, evaluator: Evaluator): string[] {
  return Object.keys(status?.hard ?? {}).filter((name) => evaluator.tracks(name));
}

function exceededBy(requested: Usage, used: Usage, hard: Usage): string[] {
  const total = sum(used, requested);
  const exceeded = Object.keys(requested).filter((name) => {
    const [sought, limit] = [total[name], hard[name]];
    return sought !== undefined && limit !== undefined && compareQuantities(sought, limit) > 0;
  });
  return exceeded.sort();
}

function listed(amounts: Usage, names: readonly string[]): string {
  return names.flatMap((name) => (amounts[name] ? `${name}=${formatQuantity(amounts[name])}` : [])).join(',');
}
