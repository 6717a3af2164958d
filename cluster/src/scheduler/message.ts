import type { Preemption } from './preemption/index.ts';
import type { Unschedulable } from './schedule.ts';
import type { Refusal } from './types.ts';

/** The sentence of `FailedScheduling`, worded as kube-scheduler does; `preemption` is what making room came to. */
export function refusalMessage(failed: Unschedulable, preemption?: Preemption): string {
  const { refusals, others, nodes, feasibility } = failed;
  if (nodes === 0) return 'no nodes available to schedule pods';
  const why = feasibility.hopeless?.reason ?? histogram(reasonsOf(refusals, others, nodes));
  const sentence = `0/${nodes} nodes are available: ${why}.`;
  if (preemption === undefined || 'node' in preemption) return sentence;
  return `${sentence} preemption: ${preemptionMessage(preemption, nodes)}`;
}

function preemptionMessage(preemption: Exclude<Preemption, { node: string }>, nodes: number): string {
  if ('ineligible' in preemption) return preemption.ineligible;
  const others = { reason: 'Preemption is not helpful for scheduling', resolvable: false };
  return `0/${nodes} nodes are available: ${histogram(reasonsOf(preemption.refusals, others, nodes))}.`;
}

function reasonsOf(
  refusals: ReadonlyMap<string, readonly Refusal[]>,
  others: Refusal | undefined,
  nodes: number,
): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (reason: string, by: number) => counts.set(reason, (counts.get(reason) ?? 0) + by);
  for (const each of refusals.values()) for (const { reason } of each) count(reason, 1);
  if (others && refusals.size < nodes) count(others.reason, nodes - refusals.size);
  return counts;
}

/** In the order of the text, as Kubernetes sorts it: `10 …` before `2 …`. */
function histogram(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
