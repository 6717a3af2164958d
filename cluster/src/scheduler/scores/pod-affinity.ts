import { concerns } from '../affinity-terms.ts';
import type { Score, Snapshot, Tally } from '../types.ts';

/** Preferred affinity of the pod to the others, and all affinity of the others to the pod. */
export const preferredPods: Score = {
  name: 'InterPodAffinity',
  weight: 2,
  prepare({ pod, terms }, snapshot) {
    const sums = new Map<string, Map<string, number>>();
    for (const { term, weight } of terms.preferred)
      addWeights(sums, term.topologyKey, weight, snapshot.tally(term), snapshot);
    const labelsOf = (name: string) => snapshot.namespaceLabels(name);
    for (const { term, weight, nodes } of snapshot.attracting) {
      if (concerns(term, pod, labelsOf)) addWeights(sums, term.topologyKey, weight, nodes, snapshot);
    }
    if (sums.size === 0) return undefined;
    return {
      score({ node }) {
        let score = 0;
        for (const [key, values] of sums) score += values.get(node.metadata.labels?.[key] ?? '') ?? 0;
        return score;
      },
      normalize: fromLeastToMost,
    };
  },
};

function addWeights(
  sums: Map<string, Map<string, number>>,
  key: string,
  weight: number,
  tally: Tally,
  snapshot: Snapshot,
): void {
  for (const [name, count] of tally) {
    const value = snapshot.node(name)?.node.metadata.labels?.[key];
    if (value === undefined) continue;
    const values = sums.get(key) ?? new Map<string, number>();
    sums.set(key, values.set(value, (values.get(value) ?? 0) + weight * count));
  }
}

/** The lowest sum, which may be below zero, becomes 0, the highest 100. */
function fromLeastToMost(scores: Float64Array): void {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    if (score < least) least = score;
    if (score > most) most = score;
  }
  for (let at = 0; at < scores.length; at++) {
    scores[at] = most > least ? Math.trunc(100 * (((scores[at] ?? 0) - least) / (most - least))) : 0;
  }
}
