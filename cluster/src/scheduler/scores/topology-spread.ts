import { defaultSpreads, hasAllKeys, hostname, type Spread, spreadsOf } from '../spread-constraints.ts';
import type { NodeInfo, Score } from '../types.ts';

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
    const counted = candidates.filter((node) => !ignored(node));
    const domains = spreads.map((spread) => ({
      spread,
      ...countDomains(
        spread,
        counted,
        snapshot.nodes.filter((node) => !ignored(node)),
      ),
    }));
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
function countDomains(spread: Spread, candidates: readonly NodeInfo[], nodes: readonly NodeInfo[]) {
  const { topologyKey, tally } = spread;
  const counts = new Map<string, number>();
  if (topologyKey === hostname) return { counts, weight: Math.log(candidates.length + 2) };
  const domainOf = ({ node }: NodeInfo) => node.metadata.labels?.[topologyKey] ?? '';
  for (const node of candidates) counts.set(domainOf(node), 0);
  if (tally.size > 0) {
    for (const node of nodes) {
      const count = tally.get(node.name);
      const before = count && counts.get(domainOf(node));
      if (before !== undefined && count && spread.isEligible(node)) counts.set(domainOf(node), before + count);
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
