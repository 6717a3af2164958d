/** Completion indexes as ranges, each with its last index, in order and apart: a job may have a hundred thousand of them. */
export type Indexes = readonly (readonly [first: number, last: number])[];

/**
 * Reads `1,3-5`: what a status or a success policy says. Parts that are no numbers are passed over, and so is everything from `completions`
 * on: a job that was made smaller.
 */
export function parseIndexes(text: string | undefined, completions: number): Indexes {
  const ranges: [number, number][] = [];
  for (const part of (text ?? '').split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) continue;
    const first = Number(match[1]);
    if (first >= completions) break;
    const last = Math.min(Number(match[2] ?? first), completions - 1);
    const before = ranges.at(-1);
    if (before && before[1] === first - 1) before[1] = last;
    else ranges.push([first, last]);
  }
  return ranges;
}

/** Three or more in a row become a range, two stay apart, as Kubernetes writes them. */
export function formatIndexes(indexes: Indexes): string {
  return indexes
    .map(([first, last]) => (last === first ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`))
    .join(',');
}

export function mergeIndexes(one: Indexes, other: Indexes): Indexes {
  const merged: [number, number][] = [];
  for (const [first, last] of [...one, ...other].sort((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (!before || first > before[1] + 1) merged.push([first, last]);
    else before[1] = Math.max(before[1], last);
  }
  return merged;
}

export function withIndexes(indexes: Indexes, added: Iterable<number>): Indexes {
  return mergeIndexes(
    indexes,
    [...new Set(added)].map((index) => [index, index] as const),
  );
}

export function countIndexes(indexes: Indexes): number {
  return indexes.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function hasIndex(indexes: Indexes, index: number): boolean {
  return indexes.some(([first, last]) => first <= index && index <= last);
}

/** How many indexes are in both. */
export function countShared(one: Indexes, other: Indexes): number {
  let shared = 0;
  for (const [first, last] of one) {
    for (const [from, to] of other) shared += Math.max(0, Math.min(last, to) - Math.max(first, from) + 1);
  }
  return shared;
}

/** The lowest indexes below `completions` that are not taken, so many at most. */
export function freeIndexes(taken: Indexes, amount: number, completions: number): number[] {
  const free: number[] = [];
  let next = 0;
  for (const [first, last] of [...taken, [completions, completions] as const]) {
    for (; next < Math.min(first, completions) && free.length < amount; next++) free.push(next);
    next = Math.max(next, last + 1);
  }
  return free;
}
