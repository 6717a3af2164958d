import { isDeepStrictEqual } from 'node:util';
import { type Pod, type PodDisruptionBudget, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import type { LabelSelectorObject } from '@berth/kube/selectors';
import { findCondition, rfc3339 } from '../conditions.ts';
import { resolveIntOrPercent } from '../int-or-percent.ts';
import { isReady } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import type { Scales } from './scales.ts';

/** How long, in milliseconds, an eviction that was granted counts although its pod is still there. */
export const evictionShows = 2 * 60_000;

export interface Subject {
  budget: PodDisruptionBudget;
  /** All that it selects, those that ended and those that are going too. */
  pods: readonly Pod[];
  now: number;
}

type Status = NonNullable<PodDisruptionBudget['status']>;
type BudgetCondition = NonNullable<Status['conditions']>[number];

/** What a budget's status has to become, and what is to be told. */
export function syncActions(subject: Subject, scales: Scales): Action[] {
  const { budget, pods, now } = subject;
  const events: Action[] = [];
  const tell = (about: PodDisruptionBudget | Pod, severity: 'Normal' | 'Warning', reason: string, message: string) =>
    events.push({ type: 'event', about, severity, reason, message });
  if (pods.length === 0) tell(budget, 'Normal', 'NoPods', 'No matching pods found');
  if (scales.failure !== undefined) {
    const message = `Failed to calculate the number of expected pods: ${scales.failure}`;
    tell(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
    return [...events, ...closed(subject, scales.failure)];
  }
  if (scales.unmanaged.length > 0) tell(budget, 'Warning', 'UnmanagedPods', unmanaged(budget.spec?.selector));

  const granted: Record<string, string> = {};
  for (const pod of pods) {
    const at = budget.status?.disruptedPods?.[pod.metadata.name];
    if (at === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
    if (Date.parse(at) + evictionShows >= now) granted[pod.metadata.name] = at;
    else {
      // The namespace twice, as Kubernetes has it.
      const namespace = budget.metadata.namespace ?? '';
      const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
      tell(pod, 'Warning', 'NotDeleted', message);
    }
  }
  const counts = (pod: Pod) => {
    const leaves = granted[pod.metadata.name];
    return leaves === undefined || Date.parse(leaves) + evictionShows <= now;
  };
  const healthy = pods.filter((pod) => !pod.metadata.deletionTimestamp && counts(pod) && isReady(pod));
  return [...events, ...written(subject, statusOf(subject, scales, healthy.length, granted))];
}

function statusOf({ budget, pods, now }: Subject, scales: Scales, currentHealthy: number, granted: object): Status {
  const { generation = 1 } = budget.metadata;
  const { expectedPods, desiredHealthy } = demandOf(budget, pods, scales);
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  const isAllowed = disruptionsAllowed > 0;
  const condition = {
    type: 'DisruptionAllowed',
    status: isAllowed ? 'True' : 'False',
    reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: generation,
  };
  const before = budget.status ?? {};
  const present = findCondition(before.conditions, 'DisruptionAllowed');
  // Nothing is written for a condition that says the same.
  const isUpToDate =
    before.observedGeneration === generation &&
    present?.status === condition.status &&
    present.reason === condition.reason;
  const counts = { currentHealthy, desiredHealthy, disruptionsAllowed, expectedPods };
  const isSame =
    isUpToDate &&
    Object.entries(counts).every(([field, value]) => (before[field as keyof typeof counts] ?? 0) === value) &&
    isDeepStrictEqual(before.disruptedPods ?? {}, { ...granted });
  if (isSame) return before;
  return {
    ...counts,
    conditions: withCondition(before.conditions ?? [], condition, now),
    observedGeneration: generation,
    ...(Object.keys(granted).length === 0 ? {} : { disruptedPods: { ...granted } }),
  };
}

/** How many pods there should be, and how many of them must stay. */
function demandOf({ spec = {} }: PodDisruptionBudget, pods: readonly Pod[], { replicas }: Scales) {
  const { minAvailable, maxUnavailable } = spec;
  const expectedPods = [...replicas.values()].reduce((sum, each) => sum + each, 0);
  if (maxUnavailable !== undefined) {
    const away = resolveIntOrPercent(maxUnavailable, expectedPods, 'up');
    return { expectedPods, desiredHealthy: Math.max(0, expectedPods - away) };
  }
  if (typeof minAvailable === 'number') return { expectedPods: pods.length, desiredHealthy: minAvailable };
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
  return { expectedPods, desiredHealthy: resolveIntOrPercent(minAvailable, expectedPods, 'up') };
}

/** Nobody is evicted while it is not known how many may be. */
function closed(subject: Subject, why: string): Action[] {
  const { budget, now } = subject;
  const { observedGeneration } = budget.status ?? {};
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'SyncFailed',
    message: why,
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  };
  const conditions = withCondition(budget.status?.conditions ?? [], condition, now);
  return written(subject, { ...budget.status, disruptionsAllowed: 0, conditions });
}

function withCondition(
  conditions: readonly BudgetCondition[],
  condition: Omit<BudgetCondition, 'lastTransitionTime'>,
  now: number,
): BudgetCondition[] {
  const present = findCondition(conditions, condition.type);
  const since = present?.status === condition.status ? present.lastTransitionTime : undefined;
  const next = { ...condition, lastTransitionTime: since ?? rfc3339(now) };
  return present ? conditions.map((each) => (each === present ? next : each)) : [...conditions, next];
}

/** Evictions write the same status: what was decided on an older one must not undo them. */
function written({ budget }: Subject, status: Status): Action[] {
  if (isDeepStrictEqual(status, budget.status)) return [];
  const { uid, resourceVersion } = budget.metadata;
  const gone = Object.keys(budget.status?.disruptedPods ?? {}).map((name) => [name, null]);
  // A merge keeps what it is not told to remove.
  const disruptedPods = status.disruptedPods
    ? { ...Object.fromEntries(gone), ...status.disruptedPods }
    : gone.length > 0
      ? null
      : undefined;
  const body = {
    metadata: { uid, resourceVersion },
    status: { ...status, ...(disruptedPods === undefined ? {} : { disruptedPods }) },
  };
  const patch = { type: 'merge' as const, body };
  return [
    { type: 'patch', resource: resources.podDisruptionBudgets, key: keyOf(budget), patch, subresource: 'status' },
  ];
}

function unmanaged(selector: LabelSelectorObject | undefined): string {
  return (
    `Pods selected by this PodDisruptionBudget (selector: ${goText(selector)}) were found to be unmanaged. As a result, the status of ` +
    'the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ' +
    '".spec.minAvailable" field of the PDB to an integer value.'
  );
}

/** A selector as Go's formatting shows it. */
function goText(selector: LabelSelectorObject | undefined): string {
  if (!selector) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  const parts = `MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},`;
  return `&LabelSelector{${parts}}`;
}
