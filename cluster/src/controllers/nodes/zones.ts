import { type Node, resources } from '@berth/kube/objects';
import type { View } from '@berth/kube/reconcile';
import type { Taint } from '@berth/kube/selectors';
import { findCondition } from '../conditions.ts';

/** kube-controller-manager's `--node-monitor-period`: how often a node that is not ready is looked at. */
const lookAgain = 5_000;
/** `--node-eviction-rate` 0.1 and `--secondary-node-eviction-rate` 0.01: nodes a second and zone. */
const between = 10_000;
const betweenWhenMany = 100_000;
/** `--unhealthy-zone-threshold` and `--large-cluster-size-threshold`. */
const manyShare = 0.55;
const largeZone = 50;

/** Whether the taint drives pods out because the node is not ready or cannot be reached. */
export function drivesOut({ key, effect }: Taint): boolean {
  const reason = key === 'node.kubernetes.io/not-ready' || key === 'node.kubernetes.io/unreachable';
  return reason && effect === 'NoExecute';
}

/**
 * Whether a node that is not ready may (still) drive its pods out now, and in how many milliseconds to ask again. So that a failure of the
 * network does not empty the cluster: one node of a zone each ten seconds, fewer when most of the zone is not ready, none at all when no node is.
 */
export function evictionTurn(node: Node, view: View, now: number): { now: boolean; after: number } {
  const counted = view
    .list(resources.nodes)
    .filter((one) => one.metadata.name === node.metadata.name || !isExcluded(one));
  if (!counted.some(isReady)) return { now: false, after: lookAgain };
  if (taintOf(node)) return { now: true, after: lookAgain };
  const zone = counted.filter((one) => zoneOf(one) === zoneOf(node));
  const unready = zone.filter((one) => !isReady(one));
  const many = unready.length > 2 && unready.length < zone.length && unready.length / zone.length >= manyShare;
  if (many && zone.length <= largeZone) return { now: false, after: lookAgain };
  // Who waits longest goes first; so only one at a time may ask the clock, and two never go together.
  const waiting = unready.filter((one) => !taintOf(one)).toSorted(byTransition);
  if (waiting[0] && waiting[0].metadata.name !== node.metadata.name) return { now: false, after: lookAgain };
  const times = unready.map((one) => Date.parse(taintOf(one)?.timeAdded ?? '')).filter((at) => at <= now);
  const free = Math.max(...times, Number.NEGATIVE_INFINITY) + (many ? betweenWhenMany : between);
  return free <= now ? { now: true, after: lookAgain } : { now: false, after: Math.min(free - now, lookAgain) };
}

const readiness = (node: Node) => findCondition(node.status?.conditions, 'Ready');
const isReady = (node: Node) => readiness(node)?.status === 'True';
const isExcluded = ({ metadata }: Node) => metadata.labels?.['node.kubernetes.io/exclude-disruption'] !== undefined;
const taintOf = ({ spec }: Node) => spec?.taints?.find(drivesOut);

function zoneOf({ metadata: { labels } }: Node): string {
  return `${labels?.['topology.kubernetes.io/region'] ?? ''}/${labels?.['topology.kubernetes.io/zone'] ?? ''}`;
}

function byTransition(a: Node, b: Node): number {
  const since = (node: Node) => readiness(node)?.lastTransitionTime ?? '';
  return since(a).localeCompare(since(b)) || a.metadata.name.localeCompare(b.metadata.name);
}
