import type { DemandSeen } from './demand.ts';
import type { PriorityLevelSpec } from './types.ts';

/** How many seats a level has by its configuration. */
export interface Limits {
  nominal: number;
  /** What it keeps when it lends all that it may. */
  lower: number;
  /** What it has when it borrows all that it may. */
  upper: number;
  /** The most that one request is counted for; 0: no matter. */
  maxSeats: number;
}

/** What a request may take of its level at most, when there are queues. */
const maxSeatsFraction = 0.15;

export function sharesOf({ limited, exempt }: PriorityLevelSpec): number {
  return limited ? limited.nominalConcurrencyShares : (exempt?.nominalConcurrencyShares ?? 0);
}

/** Source: `finishQueueSetReconfigsLocked` of k8s.io/apiserver's `pkg/util/flowcontrol`. */
export function limitsOf(spec: PriorityLevelSpec, { seats, shares }: { seats: number; shares: number }): Limits {
  const nominal = Math.ceil((seats * sharesOf(spec)) / shares);
  const { lendablePercent = 0 } = spec.limited ?? spec.exempt ?? {};
  const borrowed = spec.limited?.borrowingLimitPercent;
  const lendable = Math.round((nominal * lendablePercent) / 100);
  const borrowing = borrowed === undefined ? seats : Math.round((nominal * borrowed) / 100);
  const queuing = spec.limited?.limitResponse.queuing;
  const most = queuing && Math.min(Math.ceil(nominal * maxSeatsFraction), Math.floor(nominal / queuing.handSize));
  return {
    nominal,
    lower: nominal - lendable,
    upper: nominal + borrowing,
    maxSeats: most === undefined ? 0 : Math.max(1, most),
  };
}

/** What is remembered of a level's demand, in seats. */
export interface Smoothed {
  average: number;
  deviation: number;
  most: number;
  smoothed: number;
}

/** Half of what is remembered is forgotten in five minutes of adjustments every ten seconds. */
const remembered = 0.977;

export function smooth(before: number, { seconds, average, deviation, most }: DemandSeen): Smoothed {
  const envelope = average + deviation;
  if (seconds <= 0) return { average, deviation, most: Math.round(most), smoothed: before };
  const smoothed = Math.max(envelope, remembered * before + (1 - remembered) * envelope);
  return { average, deviation, most: Math.round(most), smoothed };
}

export interface Borrower extends Limits {
  isExempt: boolean;
  demand: Pick<Smoothed, 'most' | 'smoothed'>;
  current: number;
}

export interface Adjusted {
  current: number;
  target: number;
}

/** How many seats each level has for the next while, as what it does not need is lent to others. Source: `updateBorrowingLocked`. */
export function adjust(levels: readonly Borrower[]): { adjusted: Adjusted[]; fairFraction: number } {
  const lowest = levels.map(({ isExempt, lower, nominal, demand }) =>
    Math.max(lower, isExempt ? demand.most : Math.min(nominal, demand.most)),
  );
  let all = 0;
  let rest = 0;
  let lowerSum = 0;
  let lowestSum = 0;
  for (const [i, { isExempt, nominal, lower }] of levels.entries()) {
    all += nominal;
    rest += nominal;
    if (isExempt) rest -= lowest[i] as number;
    else {
      lowerSum += lower;
      lowestSum += lowest[i] as number;
    }
  }
  const targets = levels.map(({ demand }, i) => Math.max(lowest[i] as number, demand.smoothed));
  const answer = (currents: (level: Borrower, i: number) => number, fairFraction: number) => ({
    adjusted: levels.map((level, i) => ({
      current: level.isExempt ? (lowest[i] as number) : currents(level, i),
      target: targets[i] as number,
    })),
    fairFraction,
  });
  if (rest <= lowerSum) return answer(({ lower }) => lower, 0);
  if (rest <= lowestSum) {
    const fraction = (rest - lowerSum) / (lowestSum - lowerSum);
    return answer(({ lower }, i) => lower + Math.round(((lowest[i] as number) - lower) * fraction), 0);
  }
  const items = levels.map(({ upper }, i) => ({ lower: lowest[i] as number, upper, target: targets[i] as number }));
  const limited = items.filter((_, i) => levels[i]?.isExempt === false);
  const fairFraction = fairFractionOf(all, limited);
  if (fairFraction === undefined) return answer(({ current }) => current, 0);
  return answer((_, i) => Math.round(allocationOf(items[i] as Item, fairFraction)), fairFraction);
}

interface Item {
  lower: number;
  upper: number;
  target: number;
}

/** So that nothing is divided by nothing. */
const leastTarget = 0.001;
const nearly = 1e-7;

function allocationOf({ lower, upper, target }: Item, fraction: number): number {
  return Math.max(lower, Math.min(upper, fraction * Math.max(target, leastTarget)));
}

/**
 * The fraction of its target that each gets, within its bounds, so that together they have `sum`; undefined when there is
 * none. The sum grows with the fraction in straight lines between the fractions at which somebody meets a bound.
 */
function fairFractionOf(sum: number, items: readonly Item[]): number | undefined {
  const sumAt = (fraction: number) => items.reduce((total, item) => total + allocationOf(item, fraction), 0);
  const bounds = items
    .flatMap(({ lower, upper, target }) => [lower, upper].map((bound) => bound / Math.max(target, leastTarget)))
    .sort((a, b) => a - b);
  const [first = 0] = bounds;
  const last = bounds.at(-1) ?? 0;
  if (sumAt(first) - sum > nearly || sum - sumAt(last) > nearly) return undefined;
  let from = first;
  for (const to of bounds) {
    const [less, more] = [sumAt(from), sumAt(to)];
    if (more >= sum) return more === less ? from : from + ((to - from) * (sum - less)) / (more - less);
    from = to;
  }
  return last;
}
