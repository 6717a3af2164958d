import type { PodDisruptionBudget } from '@berth/kube/objects';
import type { Unschedulable } from '../schedule.ts';
import type { PodInfo, Refusal, Snapshot } from '../types.ts';
import { chooseNode } from './choose.ts';
import { type Victims, victimsOn } from './victims.ts';

export type { Victims } from './victims.ts';

/** What making room for a pod comes to: a node and who has to go, or why there is none. */
export type Preemption =
  | { node: string; victims: Victims }
  | { ineligible: string }
  | { refusals: ReadonlyMap<string, readonly Refusal[]> };

/** A tenth of the nodes, but at least so many, are looked at before one is chosen. */
const fewestCandidates = 100;

/**
 * Finds out from which node less important pods can be taken so that the pod fits. `start` is where among the nodes the search begins,
 * 0 to 1. Source: "Pod Priority and Preemption" of the Kubernetes documentation.
 */
export function preempt(
  pod: PodInfo,
  failed: Unschedulable,
  snapshot: Snapshot,
  budgets: readonly PodDisruptionBudget[],
  start: number,
): Preemption {
  const ineligible = whyNot(pod, failed, snapshot);
  if (ineligible) return { ineligible };
  const nodes = [...failed.refusals].flatMap(([name, refusals]) =>
    refusals.every(({ resolvable }) => resolvable) ? (snapshot.node(name) ?? []) : [],
  );
  const enough = Math.max(fewestCandidates, Math.floor(nodes.length / 10));
  const candidates = new Map<string, Victims>();
  const refusals = new Map<string, readonly Refusal[]>();
  let unbroken = 0;
  const first = Math.floor(start * nodes.length);
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[(first + at) % nodes.length];
    if (!node) break;
    const found = victimsOn(node, pod, failed.feasibility, budgets);
    if ('refusals' in found) refusals.set(node.name, found.refusals);
    else {
      candidates.set(node.name, found);
      if (found.violations === 0) unbroken++;
      if (unbroken > 0 && candidates.size >= enough) break;
    }
  }
  const node = chooseNode(candidates);
  const victims = node === undefined ? undefined : candidates.get(node);
  return node === undefined || victims === undefined ? { refusals } : { node, victims };
}

function whyNot(pod: PodInfo, failed: Unschedulable, snapshot: Snapshot): string | undefined {
  const { spec, status } = pod.pod;
  if (spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const cleared = snapshot.node(status?.nominatedNodeName ?? '');
  if (!cleared) return undefined;
  const refusals = failed.refusals.get(cleared.name) ?? (failed.others ? [failed.others] : []);
  // The node that was cleared for it will never do: it may look for another.
  if (refusals.some(({ resolvable }) => !resolvable)) return undefined;
  for (const other of cleared.pods.values()) {
    if (other.priority < pod.priority && isLeaving(other)) {
      return 'not eligible due to a terminating pod on the nominated node.';
    }
  }
  return undefined;
}

/** Whether a pod is going to make room for another. */
function isLeaving({ pod }: PodInfo): boolean {
  if (pod.metadata.deletionTimestamp === undefined) return false;
  const target = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return target?.status === 'True' && target.reason === 'PreemptionByScheduler';
}
