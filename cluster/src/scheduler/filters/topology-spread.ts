import { concerns } from '../affinity-terms.ts';
import { hasAllKeys, type Spread, spreadsOf } from '../spread-constraints.ts';
import type { Filter, NodeInfo, PodInfo } from '../types.ts';

const reason = "node(s) didn't match pod topology spread constraints";
const unlabelled = { reason: `${reason} (missing required label)`, resolvable: false };
const skewed = { reason, resolvable: true };

/**
 * Constraints with `DoNotSchedule`: after the pod is placed no domain may have `maxSkew` more of the selected pods than the
 * emptiest one.
 */
export const topologySpread: Filter = {
  name: 'PodTopologySpread',
  prepare({ pod }, snapshot) {
    const spreads = spreadsOf(pod, 'DoNotSchedule', snapshot);
    if (spreads.length === 0) return undefined;
    const counted = spreads.map((spread) => countDomains(spread, spreads, snapshot.nodes));
    return {
      check({ node }) {
        for (const { spread, counts, least } of counted) {
          const value = node.metadata.labels?.[spread.topologyKey];
          if (value === undefined) return unlabelled;
          const after = (counts.get(value) ?? 0) + (spread.self ? 1 : 0);
          if (after - least() > spread.maxSkew) return skewed;
        }
        return undefined;
      },
      count(other, node, by) {
        if (other.pod.metadata.deletionTimestamp !== undefined || !hasAllKeys(node, spreads)) return;
        for (const { spread, add } of counted) {
          if (concerns(spread.term, other.pod, () => undefined) && spread.isEligible(node)) {
            add(node.node.metadata.labels?.[spread.topologyKey] ?? '', by);
          }
        }
      },
    };
  },
  mayHelp(change, { pod }) {
    const constraints = pod.spec?.topologySpreadConstraints ?? [];
    const inNamespace = (other: PodInfo) => other.pod.metadata.namespace === pod.metadata.namespace;
    switch (change.what) {
      case 'podPlaced':
      case 'podGone':
      case 'podChanged':
        return inNamespace(change.pod);
      case 'nodeChanged':
        return (
          constraints.some(({ topologyKey: key }) => labelOf(change.before, key) !== labelOf(change.node, key)) ||
          JSON.stringify(change.before.spec?.taints) !== JSON.stringify(change.node.spec?.taints)
        );
      case 'nodeAdded':
      case 'nodeGone':
        return constraints.every(({ topologyKey }) => labelOf(change.node, topologyKey) !== undefined);
      default:
        return false;
    }
  },
};

const labelOf = ({ metadata }: NodeInfo['node'], key: string) => metadata.labels?.[key];

function countDomains(spread: Spread, all: readonly Spread[], nodes: readonly NodeInfo[]) {
  const { topologyKey, tally, minDomains } = spread;
  const counts = new Map<string, number>();
  for (const info of nodes) {
    const value = info.node.metadata.labels?.[topologyKey];
    if (value === undefined || !hasAllKeys(info, all) || !spread.isEligible(info)) continue;
    counts.set(value, (counts.get(value) ?? 0) + (tally.get(info.name) ?? 0));
  }
  let least: number | undefined;
  return {
    spread,
    counts,
    /** Fewer domains than demanded: the missing ones count as empty. */
    least(): number {
      least ??= counts.size < minDomains ? 0 : smallest(counts.values());
      return least;
    },
    add(value: string, by: number) {
      counts.set(value, (counts.get(value) ?? 0) + by);
      least = undefined;
    },
  };
}

function smallest(numbers: Iterable<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const number of numbers) if (number < least) least = number;
  return least;
}
