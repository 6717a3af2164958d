import type { PodDisruptionBudget } from '@berth/kube/objects';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import type { Feasibility } from '../feasibility.ts';
import { trialOf } from '../trial-node.ts';
import type { NodeInfo, PodInfo, Refusal } from '../types.ts';

/** Who has to leave a node, most important first. */
export interface Victims {
  pods: readonly PodInfo[];
  /** How many of them a disruption budget would rather keep. */
  violations: number;
}

/**
 * The pods of lower priority that must leave a node so that the pod fits: all are taken away, then as many as possible put back, those
 * that a budget protects first and the important before the others.
 */
export function victimsOn(
  node: NodeInfo,
  pod: PodInfo,
  rules: Feasibility,
  budgets: readonly PodDisruptionBudget[],
): Victims | { refusals: readonly Refusal[] } {
  const trial = trialOf(node);
  const away = new Set<PodInfo>();
  const take = (other: PodInfo) => {
    trial.remove(other);
    rules.count(other, trial, -1);
    away.add(other);
  };
  const putBack = (other: PodInfo) => {
    trial.add(other);
    rules.count(other, trial, 1);
    away.delete(other);
  };
  const lower = [...node.pods.values()].filter(({ priority }) => priority < pod.priority);
  if (lower.length === 0) {
    return { refusals: [{ reason: 'No preemption victims found for incoming pod', resolvable: false }] };
  }
  try {
    for (const other of lower) take(other);
    const refused = rules.refuses(trial);
    if (refused) return { refusals: refused.refusals };
    const { violating, others } = byBudget(lower.sort(moreImportantFirst), budgets);
    for (const other of [...violating, ...others]) {
      putBack(other);
      if (rules.refuses(trial)) take(other);
    }
    const violations = violating.filter((other) => away.has(other)).length;
    return { pods: [...away].sort(moreImportantFirst), violations };
  } finally {
    for (const other of [...away]) putBack(other);
  }
}

/** Higher priority, then longer running. */
function moreImportantFirst(one: PodInfo, other: PodInfo): number {
  return other.priority - one.priority || startTime(one) - startTime(other);
}

/** When a pod was started, ms; one that has not started yet counts as starting now. */
export function startTime({ pod }: PodInfo): number {
  const { startTime: at } = pod.status ?? {};
  return at === undefined ? Number.POSITIVE_INFINITY : Date.parse(at);
}

/** Those whose leaving would break a budget, counted in their order, and the rest. */
function byBudget(pods: readonly PodInfo[], budgets: readonly PodDisruptionBudget[]) {
  const left = budgets.map((budget) => ({
    namespace: budget.metadata.namespace,
    selector: labelSelectorOf(budget.spec?.selector ?? {}) ?? [],
    known: budget.status?.disruptedPods ?? {},
    allowed: budget.status?.disruptionsAllowed ?? 0,
  }));
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const info of pods) {
    const { namespace, name, labels = {} } = info.pod.metadata;
    let violates = false;
    for (const budget of Object.keys(labels).length > 0 ? left : []) {
      if (budget.namespace !== namespace || budget.selector.length === 0) continue;
      // One that was let go already is no second loss.
      if (!matchesLabels(budget.selector, labels) || name in budget.known) continue;
      budget.allowed--;
      if (budget.allowed < 0) violates = true;
    }
    (violates ? violating : others).push(info);
  }
  return { violating, others };
}
