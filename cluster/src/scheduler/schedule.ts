import { type Feasibility, feasibility } from './feasibility.ts';
import { scores, total } from './scores/index.ts';
import type { NodeInfo, PodInfo, Refusal, Snapshot } from './types.ts';

/** Why no node will do. */
export interface Unschedulable {
  /** By the names of the nodes that were asked. */
  refusals: ReadonlyMap<string, readonly Refusal[]>;
  /** What holds for the others, or for all when none was asked. */
  others: Refusal | undefined;
  /** The rules that refused. */
  by: ReadonlySet<string>;
  feasibility: Feasibility;
  nodes: number;
}

export type Decision = { node: string } | Unschedulable;

/** At least so many nodes that will do are looked for before the best is chosen. */
const fewestCandidates = 100;

/**
 * Chooses a node for a pod, or says why none will do. In large clusters not every node is asked: once enough will do the best
 * of them is taken, and the next pod begins where this one ended (`start`, which the answer moves on). A node that was cleared for
 * the pod (`status.nominatedNodeName`) is asked first.
 */
export function schedule(pod: PodInfo, snapshot: Snapshot, turn: { start: number }): Decision {
  const { nodes } = snapshot;
  const rules = feasibility(pod, snapshot);
  if (rules.hopeless) {
    const others = { reason: rules.hopeless.reason, resolvable: false };
    const by = new Set([rules.hopeless.by]);
    return { refusals: new Map(), others, by, feasibility: rules, nodes: nodes.length };
  }
  const cleared = snapshot.node(pod.pod.status?.nominatedNodeName ?? '');
  if (cleared && !rules.refuses(cleared)) return { node: cleared.name };

  const asking = rules.only ? rules.only.flatMap((name) => snapshot.node(name) ?? []) : nodes;
  const enough = candidatesWanted(asking.length);
  const candidates: NodeInfo[] = [];
  const refusals = new Map<string, readonly Refusal[]>();
  const by = new Set<string>();
  let asked = 0;
  for (; asked < asking.length && candidates.length < enough; asked++) {
    const node = asking[(turn.start + asked) % asking.length];
    if (!node) break;
    const refused = rules.refuses(node);
    if (refused) {
      refusals.set(node.name, refused.refusals);
      by.add(refused.by);
    } else candidates.push(node);
  }
  turn.start = nodes.length === 0 ? 0 : (turn.start + asked) % nodes.length;
  const best = bestOf(candidates, pod, snapshot);
  if (best) return { node: best.name };
  if (rules.only) for (const name of rules.onlyBy) by.add(name);
  const reason = `node(s) didn't satisfy plugin(s) [${rules.onlyBy.join(' ')}]`;
  const others = rules.only ? { reason, resolvable: false } : undefined;
  return { refusals, others, by, feasibility: rules, nodes: nodes.length };
}

/** Kubernetes' adaptive share: half of the nodes of a small cluster, falling to a twentieth. */
function candidatesWanted(nodes: number): number {
  if (nodes < fewestCandidates) return nodes;
  const percent = Math.max(5, 50 - Math.floor(nodes / 125));
  return Math.max(fewestCandidates, Math.floor((nodes * percent) / 100));
}

function bestOf(candidates: readonly NodeInfo[], pod: PodInfo, snapshot: Snapshot): NodeInfo | undefined {
  if (candidates.length <= 1) return candidates[0];
  const totals = total(scores, pod, snapshot, candidates);
  let best = 0;
  for (let at = 1; at < totals.length; at++) if ((totals[at] ?? 0) > (totals[best] ?? 0)) best = at;
  return candidates[best];
}
