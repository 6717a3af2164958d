import type { NodeInfo, PodInfo, PreparedScore, Score, Snapshot } from '../types.ts';

/**
 * What each candidate comes to, in the candidates' order: the sum of its scores times their weights. `told` is given each score's own
 * values as well.
 */
export function total(
  scores: readonly Score[],
  pod: PodInfo,
  snapshot: Snapshot,
  candidates: readonly NodeInfo[],
  told?: (name: string, values: Float64Array) => void,
): Float64Array {
  const totals = new Float64Array(candidates.length);
  const values = new Float64Array(candidates.length);
  for (const { name, weight, prepare } of scores) {
    const prepared = prepare(pod, snapshot, candidates);
    if (!prepared) continue;
    for (let at = 0; at < candidates.length; at++) values[at] = prepared.score(candidates[at] as NodeInfo);
    normalize(prepared, values, candidates);
    told?.(name, values);
    for (let at = 0; at < candidates.length; at++) totals[at] = (totals[at] ?? 0) + weight * (values[at] ?? 0);
  }
  return totals;
}

function normalize({ normalize: how }: PreparedScore, values: Float64Array, candidates: readonly NodeInfo[]): void {
  if (how === undefined) return;
  if (typeof how === 'function') {
    how(values, candidates);
    return;
  }
  let highest = 0;
  for (const value of values) if (value > highest) highest = value;
  for (let at = 0; at < values.length; at++) {
    const share = highest === 0 ? 0 : Math.trunc((100 * (values[at] ?? 0)) / highest);
    values[at] = how === 'lowest' ? 100 - share : share;
  }
}
