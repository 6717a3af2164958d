import { filters } from './filters/index.ts';
import { scores } from './scores/index.ts';
import type { NodeInfo, PodInfo, Refusal, Snapshot } from './types.ts';

export type Decision = { node: string } | { refusals: readonly Refusal[][]; nodes: number };

/** At least so many nodes that will do are looked for before the best is chosen. */
const fewestCandidates = 100;

/**
 * Chooses a node for a pod, or says why none will do. In large clusters not every node is asked: once enough will do the best
 * of them is taken, and the next pod begins where this one ended (`start`, which the answer moves on).
 */
export function schedule(pod: PodInfo, snapshot: Snapshot, turn: { start: number }): Decision {
  const { nodes } = snapshot;
  const checks = filters.flatMap((filter) => filter.prepare(pod, snapshot) ?? []);
  const enough = candidatesWanted(nodes.length);
  const candidates: NodeInfo[] = [];
  const refusals: Refusal[][] = [];
  let asked = 0;
  for (; asked < nodes.length && candidates.length < enough; asked++) {
    const node = nodes[(turn.start + asked) % nodes.length];
    if (!node) break;
    const refused = firstRefusal(node, checks);
    if (refused) refusals.push(refused);
    else candidates.push(node);
  }
  turn.start = nodes.length === 0 ? 0 : (turn.start + asked) % nodes.length;
  const best = bestOf(candidates, pod, snapshot);
  return best ? { node: best.name } : { refusals, nodes: nodes.length };
}

/** Kubernetes' adaptive share: half of the nodes of a small cluster, falling to a twentieth. */
function candidatesWanted(nodes: number): number {
  if (nodes <= fewestCandidates) return nodes;
  const percent = Math.max(5, 50 - nodes / 125);
  return Math.max(fewestCandidates, Math.floor((nodes * percent) / 100));
}

type Check = (node: NodeInfo) => Refusal | readonly Refusal[] | undefined;

function firstRefusal(node: NodeInfo, checks: readonly Check[]): Refusal[] | undefined {
  for (const check of checks) {
    const refused = check(node);
    if (refused) return Array.isArray(refused) ? [...refused] : [refused as Refusal];
  }
  return undefined;
}

function bestOf(candidates: readonly NodeInfo[], pod: PodInfo, snapshot: Snapshot): NodeInfo | undefined {
  if (candidates.length <= 1) return candidates[0];
  const totals = new Float64Array(candidates.length);
  const values = new Float64Array(candidates.length);
  for (const { weight, normalize, prepare } of scores) {
    const score = prepare(pod, snapshot);
    if (!score) continue;
    // Plain loops: this is done for each preference, each pod and hundreds of nodes.
    let lowest = 0;
    let highest = normalize ? 0 : 100;
    for (let at = 0; at < candidates.length; at++) {
      const value = score(candidates[at] as NodeInfo);
      values[at] = value;
      if (!normalize) continue;
      if (value > highest) highest = value;
      // Sums below zero (anti-affinity) are moved up, so that 0 is the worst.
      if (value < lowest) lowest = value;
    }
    const range = highest - lowest;
    // All are equal: no preference.
    if (range === 0) continue;
    for (let at = 0; at < candidates.length; at++) {
      const share = ((values[at] ?? 0) - lowest) / range;
      totals[at] = (totals[at] ?? 0) + weight * (normalize === 'lowest' ? 1 - share : share);
    }
  }
  let best = 0;
  for (let at = 1; at < totals.length; at++) if ((totals[at] ?? 0) > (totals[best] ?? 0)) best = at;
  return candidates[best];
}

/** The sentence of `FailedScheduling`, worded as kube-scheduler does. */
export function refusalMessage({ refusals, nodes }: { refusals: readonly Refusal[][]; nodes: number }): string {
  if (nodes === 0) return 'no nodes available to schedule pods';
  const none = `0/${nodes} nodes are available`;
  const hopeless = refusals.filter((each) => each.some(({ resolvable }) => !resolvable)).length;
  const preemption = histogram([
    ...Array<string>(hopeless).fill('Preemption is not helpful for scheduling'),
    ...Array<string>(refusals.length - hopeless).fill('No preemption victims found for incoming pod'),
  ]);
  return `${none}: ${histogram(refusals.flat().map(({ reason }) => reason))}. preemption: ${none}: ${preemption}.`;
}

function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
