import type { Change, Memory, ScalingRules, Spec } from './types.ts';

/** Without a behavior: so long the highest recommendation holds, in seconds. */
const downscaleStabilization = 300;

interface Limit {
  replicas: number;
  reason: string;
  message: string;
}

export interface Normalized {
  replicas: number;
  /** Of the condition AbleToScale. */
  able: { reason: string; message: string };
  /** Of the condition ScalingLimited. */
  limited: { status: 'True' | 'False'; reason: string; message: string };
  memory: Memory;
}

const upStabilized = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const downStabilized = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const ready = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };

/** What becomes of a proposal by its stabilization, the allowed rate and the limits; and what is remembered of it. */
export function normalize(spec: Spec, proposed: number, current: number, memory: Memory, now: number): Normalized {
  const { behavior, minReplicas: least = 1, maxReplicas: most } = spec;
  const stable = behavior
    ? stabilizeBothWays(behavior, proposed, current, memory, now)
    : stabilizeDown(proposed, memory, now);
  const stabilized = proposed >= current && behavior ? upStabilized : downStabilized;
  const limit = behavior
    ? withRate(behavior, stable.replicas, { current, least, most }, memory, now)
    : withoutBehavior(stable.replicas, { current, least, most });
  const isLimited = limit.replicas !== stable.replicas;
  return {
    replicas: limit.replicas,
    able: stable.replicas === proposed ? ready : stabilized,
    limited: { status: isLimited ? 'True' : 'False', reason: limit.reason, message: limit.message },
    memory: { ...memory, recommendations: stable.recommendations },
  };
}

type Behavior = NonNullable<Spec['behavior']>;

interface Stable {
  replicas: number;
  recommendations: Memory['recommendations'];
}

function stabilizeDown(proposed: number, { recommendations }: Memory, now: number): Stable {
  const since = now - downscaleStabilization * 1000;
  const recent = recommendations.filter(({ at }) => at >= since);
  return {
    replicas: Math.max(proposed, ...recent.map(({ replicas }) => replicas)),
    recommendations: [...recent, { replicas: proposed, at: now }],
  };
}

function stabilizeBothWays(
  { scaleUp, scaleDown }: Behavior,
  proposed: number,
  current: number,
  { recommendations }: Memory,
  now: number,
): Stable {
  const upSince = now - (scaleUp?.stabilizationWindowSeconds ?? 0) * 1000;
  const downSince = now - (scaleDown?.stabilizationWindowSeconds ?? downscaleStabilization) * 1000;
  const after = (since: number) => recommendations.filter(({ at }) => at > since).map(({ replicas }) => replicas);
  const low = Math.min(proposed, ...after(upSince));
  const high = Math.max(proposed, ...after(downSince));
  const kept = recommendations.filter(({ at }) => at >= upSince || at >= downSince);
  return {
    replicas: Math.min(Math.max(current, low), high),
    recommendations: [...kept, { replicas: proposed, at: now }],
  };
}

interface Bounds {
  current: number;
  least: number;
  most: number;
}

const within = (replicas: number): Limit => ({
  replicas,
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
});
const tooMany = (replicas: number): Limit => ({
  replicas,
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
});
const tooFew = (replicas: number): Limit => ({
  replicas,
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
});
const tooFast = (replicas: number): Limit => ({
  replicas,
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
});
const tooFastDown = (replicas: number): Limit => ({
  replicas,
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
});

/** At most twice as many at once, or four: a figure that is wrong for a moment must not cost too much. */
function withoutBehavior(desired: number, { current, least, most }: Bounds): Limit {
  const fastest = Math.max(2 * current, 4);
  if (desired < least) return tooFew(least);
  if (desired > Math.min(most, fastest)) return most > fastest ? tooFast(fastest) : tooMany(most);
  return within(desired);
}

function withRate(behavior: Behavior, desired: number, bounds: Bounds, memory: Memory, now: number): Limit {
  const { current, least, most } = bounds;
  if (desired > current) {
    const fastest = Math.max(current, upLimit(behavior.scaleUp, current, memory, now));
    if (desired > Math.min(most, fastest)) return most > fastest ? tooFast(fastest) : tooMany(most);
  } else if (desired < current) {
    const fastest = Math.min(current, downLimit(behavior.scaleDown, current, memory, now));
    if (desired < Math.max(least, fastest)) return least < fastest ? tooFastDown(fastest) : tooFew(least);
  }
  return within(desired);
}

function upLimit(rules: ScalingRules | undefined, current: number, memory: Memory, now: number): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const before = atStartOf(periodSeconds, current, memory, now);
    return type === 'Pods' ? before + value : Math.ceil(before * (1 + value / 100));
  });
  return rules?.selectPolicy === 'Min' ? Math.min(2 ** 31 - 1, ...limits) : Math.max(-(2 ** 31), ...limits);
}

function downLimit(rules: ScalingRules | undefined, current: number, memory: Memory, now: number): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const before = atStartOf(periodSeconds, current, memory, now);
    return type === 'Pods' ? before - value : Math.trunc(before * (1 - value / 100));
  });
  return rules?.selectPolicy === 'Min' ? Math.max(-(2 ** 31), ...limits) : Math.min(2 ** 31 - 1, ...limits);
}

/** How many there were when the period began. */
function atStartOf(periodSeconds: number, current: number, { ups, downs }: Memory, now: number): number {
  const changed = (changes: readonly Change[]) =>
    changes.filter(({ at }) => at > now - periodSeconds * 1000).reduce((sum, { by }) => sum + by, 0);
  return current - changed(ups) + changed(downs);
}

/** The memory after scaling; changes that no policy looks at any more are forgotten. */
export function remember(spec: Spec, memory: Memory, from: number, to: number, now: number): Memory {
  const { behavior } = spec;
  if (!behavior) return memory;
  const add = (changes: readonly Change[], rules: ScalingRules | undefined, by: number) => {
    const longest = Math.max(0, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds));
    return [...changes.filter(({ at }) => at >= now - longest * 1000), { by, at: now }];
  };
  if (to > from) return { ...memory, ups: add(memory.ups, behavior.scaleUp, to - from) };
  return { ...memory, downs: add(memory.downs, behavior.scaleDown, from - to) };
}
