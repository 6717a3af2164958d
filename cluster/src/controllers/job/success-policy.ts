import type { Job } from '@berth/kube/objects';
import { countIndexes, countShared, type Indexes, parseIndexes } from './indexes.ts';

/** The first rule that the indexes which succeeded satisfy, as the condition tells of it. Source: KEP-3998. */
export function matchSuccessPolicy({ spec }: Job, succeeded: Indexes): string | undefined {
  if (succeeded.length === 0) return undefined;
  const met = (spec?.successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined)
      return succeededCount !== undefined && countIndexes(succeeded) >= succeededCount;
    const required = parseIndexes(succeededIndexes, spec?.completions ?? 0);
    if (required.length === 0) return false;
    const shared = countShared(required, succeeded);
    return shared === countIndexes(required) || (succeededCount !== undefined && shared >= succeededCount);
  });
  return met < 0 ? undefined : `Matched rules at index ${met}`;
}
