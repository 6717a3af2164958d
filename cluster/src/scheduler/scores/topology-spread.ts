import { defaultSpreads, hasAllKeys, hostname, type Spread, spreadsOf } from '../spread-constraints.ts';
import type { NodeInfo, Score, Snapshot } from '../types.ts';

/** Constraints with `ScheduleAnyway`; pods that have none at all are spread over nodes and zones among their like. */
export const preferredSpread: Score = {
  name: 'PodTopologySpread',
  weight: 2,
  prepare({ pod }, snapshot, candidates) {
    const isOwn = (pod.spec?.topologySpreadConstraints ?? []).length > 0;
    const spreads = isOwn ? spreadsOf(pod, 'ScheduleAnyway', snapshot) : defaultSpreads(pod, snapshot);
    if (spreads.length === 0) return undefined;
    // A node without a zone may still be spread over by its name, when nobody asked for zones.
    const ignored = (node: NodeInfo) => isOwn && !hasAllKeys(node, spreads);
    const counted = isOwn ? candidates.filter((node) => !ignored(node)) : candidates;
    const domains = spreads.map((spread) => ({ spread, ...countDomains(spread, counted, snapshot, ignored) }));
    return {
      score(node) {
        if (ignored(node)) return 0;
        let score = 0;
        for (const { spread, counts, weight } of domains) {
          const value = node.node.metadata.labels?.[spread.topologyKey];
          if (value === undefined) continue;
          const count = spread.topologyKey === hostname ? spread.tally.get(node.name) : counts.get(value);
          score += (count ?? 0) * weight + spread.maxSkew - 1;
        }
        return Math.round(score);
      },
      normalize: (scores, nodes) => fewestFirst(scores, (at) => ignored(nodes[at] as NodeInfo)),
    };
  },
};

/** The pods in each domain that a candidate is in; domains of many weigh more, so that those of few do not drown. */
function countDomains(
  spread: Spread,
  candidates: readonly NodeInfo[],
  snapshot: Snapshot,
  ignored: (node: NodeInfo) => boolean,
) {
  const { topologyKey, tally } = spread;
  const counts = new Map<string, number>();
  if (topologyKey === hostname) return { counts, weight: Math.log(candidates.length + 2) };
  const labelOf = ({ node }: NodeInfo) => node.metadata.labels?.[topologyKey];
  let isAsked = false;
  for (const node of candidates) {
    const label = labelOf(node);
    isAsked ||= label !== undefined;
    counts.set(label ?? '', 0);
  }
  // Where no candidate is in a domain, nobody asks how many are in which.
  if (isAsked) {
    for (const [name, count] of tally) {
      const node = snapshot.node(name);
      if (!node || ignored(node)) continue;
      const domain = labelOf(node) ?? '';
      const before = counts.get(domain);
      if (before !== undefined && spread.isEligible(node)) counts.set(domain, before + count);
    }
  }
  return { counts, weight: Math.log(counts.size + 2) };
}

/** 100 for the lowest, less for those above it; nodes that lack a label have nothing. */
function fewestFirst(scores: Float64Array, isIgnored: (at: number) => boolean): void {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let at = 0; at < scores.length; at++) {
    if (isIgnored(at)) continue;
    const score = scores[at] ?? 0;
    if (score < least) least = score;
    if (score > most) most = score;
  }
  for (let at = 0; at < scores.length; at++) {
    if (isIgnored(at)) scores[at] = 0;
    else scores[at] = most === 0 ? 100 : Math.trunc((100 * (most + least - (scores[at] ?? 0))) / most);
  }
}
