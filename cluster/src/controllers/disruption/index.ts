import { controllerOf, type KubeObject, type ObjectKey, type Pod, type Resource, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { type LabelSelectorObject, labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { rfc3339, type StatusCondition, withCondition } from '../conditions.ts';
import { resolveIntOrPercent } from '../int-or-percent.ts';
import { isActive, isReady } from '../pods/index.ts';
import { keyOf, statusActions } from '../status.ts';

interface DisruptionBudget extends KubeObject {
  spec?: {
    minAvailable?: number | string;
    maxUnavailable?: number | string;
    selector?: LabelSelectorObject;
  };
  status?: {
    disruptedPods?: Record<string, string>;
    conditions?: StatusCondition[];
  };
}

export const disruptionBudgets: Resource<DisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  resource: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
};

type Scaled = KubeObject & { spec?: { replicas?: number } };
/** Owners whose `replicas` say how many pods there should be. */
const owners: Readonly<Record<string, Resource<Scaled>>> = {
  ReplicaSet: resources.replicaSets as Resource<Scaled>,
  StatefulSet: resources.statefulSets as Resource<Scaled>,
};

/** How long an eviction that was granted counts although its pod is still there. */
const evictionShows = 2 * 60_000;

/** Keeps how many pods of each budget may be evicted. Source: "Disruptions" of the Kubernetes documentation. */
export const disruptionController: Reconciler<DisruptionBudget> = {
  name: 'disruption-controller',
  resource: disruptionBudgets,
  watches: [
    { resource: resources.pods, concerns: budgetsFor },
    { resource: resources.replicaSets, concerns: budgetsAround },
    { resource: resources.statefulSets, concerns: budgetsAround },
  ],
  reconcile,
};

function reconcile(budget: DisruptionBudget, view: View, now: number): Outcome {
  const { namespace = '', generation = 1, deletionTimestamp } = budget.metadata;
  if (deletionTimestamp !== undefined) return { actions: [] };
  const pods = view
    .list(resources.pods, { namespace })
    .filter((pod) => isActive(pod) && selects(budget, pod.metadata.labels));
  const granted = Object.entries(budget.status?.disruptedPods ?? {}).filter(([name, at]) => {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    return pod !== undefined && Date.parse(at) + evictionShows > now;
  });
  const leaving = new Set(granted.map(([name]) => name));
  const currentHealthy = pods.filter((pod) => isReady(pod) && !leaving.has(pod.metadata.name)).length;
  const { expectedPods, desiredHealthy } = demandOf(budget, pods, view);
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  const condition = {
    type: 'DisruptionAllowed',
    status: disruptionsAllowed > 0 ? 'True' : 'False',
    reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: generation,
    lastTransitionTime: rfc3339(now),
  };
  const status = {
    conditions: withCondition(budget.status?.conditions ?? [], condition),
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed,
    expectedPods,
    observedGeneration: generation,
    ...(granted.length === 0 ? {} : { disruptedPods: Object.fromEntries(granted) }),
  };
  const actions = statusActions(disruptionBudgets, budget, status).map((action) => withVersion(action, budget));
  if (granted.length === 0) return { actions };
  const first = Math.min(...granted.map(([, at]) => Date.parse(at)));
  return { actions, requeueAfter: first + evictionShows - now };
}

/** Evictions write the same status: what was decided on an older one must not undo them. */
function withVersion<A extends ReturnType<typeof statusActions>[number]>(action: A, budget: DisruptionBudget): A {
  if (action.type !== 'patch' || action.patch.type !== 'merge') return action;
  const { uid, resourceVersion } = budget.metadata;
  const { status } = action.patch.body as { status: DisruptionBudget['status'] & object };
  const dropped = Object.keys(budget.status?.disruptedPods ?? {}).map((name) => [name, null]);
  const { disruptedPods } = status;
  // A merge keeps what it is not told to remove.
  const kept = disruptedPods ? { disruptedPods: { ...Object.fromEntries(dropped), ...disruptedPods } } : {};
  const body = { status: { ...status, ...kept }, metadata: { uid, resourceVersion } };
  return { ...action, patch: { type: 'merge', body } };
}

/** How many pods there should be, and how many of them must stay. */
function demandOf(budget: DisruptionBudget, pods: readonly Pod[], view: View) {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (typeof minAvailable === 'number') return { expectedPods: pods.length, desiredHealthy: minAvailable };
  const expectedPods = expected(pods, view);
  if (minAvailable !== undefined) {
    return { expectedPods, desiredHealthy: resolveIntOrPercent(minAvailable, expectedPods, 'up') };
  }
  const away = resolveIntOrPercent(maxUnavailable ?? 0, expectedPods, 'up');
  return { expectedPods, desiredHealthy: Math.max(0, expectedPods - away) };
}

/** The replicas of the pods' owners; a pod without such an owner counts as itself. */
function expected(pods: readonly Pod[], view: View): number {
  const counted = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    const resource = owner && owners[owner.kind];
    const { namespace = '', name } = pod.metadata;
    const found = resource && view.get(resource, { namespace, name: owner.name });
    if (found) counted.set(found.metadata.uid ?? owner.name, found.spec?.replicas ?? 1);
    else counted.set(`pod ${name}`, 1);
  }
  return [...counted.values()].reduce((sum, replicas) => sum + replicas, 0);
}

function selects(budget: DisruptionBudget, labels: Record<string, string> | undefined): boolean {
  const selector = labelSelectorOf(budget.spec?.selector);
  return selector !== undefined && matchesLabels(selector, labels);
}

function budgetsFor(pod: Pod, view: View): ObjectKey[] {
  const { namespace = '', labels } = pod.metadata;
  return view
    .list(disruptionBudgets, { namespace })
    .filter((budget) => selects(budget, labels))
    .map(keyOf);
}

/** A change of replicas concerns the budgets of the pods that are to come of its template. */
function budgetsAround(owner: KubeObject, view: View): ObjectKey[] {
  const { namespace = '' } = owner.metadata;
  const { spec } = owner as { spec?: { template?: { metadata?: { labels?: Record<string, string> } } } };
  const labels = spec?.template?.metadata?.labels;
  return view
    .list(disruptionBudgets, { namespace })
    .filter((budget) => selects(budget, labels))
    .map(keyOf);
}
