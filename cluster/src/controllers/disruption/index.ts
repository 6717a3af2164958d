import { type KubeObject, type ObjectKey, type Pod, type PodDisruptionBudget, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import type { PathApi } from '../horizontal/index.ts';
import { keyOf } from '../status.ts';
import { askForScales, type Scales, scalesIn } from './scales.ts';
import { evictionShows, type Subject, syncActions } from './sync.ts';

export { staleDisruptionController } from './stale.ts';

/**
 * Keeps how many pods of each budget may be evicted. `api` tells the scale of owners that are no built-in kind; without it such owners are
 * not found. Source: "Disruptions" of the Kubernetes documentation.
 */
export function disruptionController(api?: PathApi): Reconciler<PodDisruptionBudget> {
  return {
    name: 'disruption-controller',
    resource: resources.podDisruptionBudgets,
    watches: [
      { resource: resources.pods, concerns: budgetsFor },
      { resource: resources.deployments, concerns: budgetsAround },
      { resource: resources.replicaSets, concerns: budgetsAround },
      { resource: resources.statefulSets, concerns: budgetsAround },
      { resource: resources.replicationControllers, concerns: budgetsAround },
    ],
    reconcile: (budget, view, now) => reconcile(budget, view, now, api),
  };
}

function reconcile(budget: PodDisruptionBudget, view: View, now: number, api: PathApi | undefined): Outcome {
  const { namespace = '' } = budget.metadata;
  const pods = view.list(resources.pods, { namespace }).filter(({ metadata }) => selects(budget, metadata.labels));
  const subject: Subject = { budget, pods, now };
  const times = Object.entries(budget.status?.disruptedPods ?? {})
    .filter(([name]) => pods.some(({ metadata }) => metadata.name === name && !metadata.deletionTimestamp))
    .map(([, at]) => Date.parse(at) + evictionShows - now)
    .filter((left) => left >= 0);
  const again = times.length === 0 ? {} : { requeueAfter: Math.min(...times) + 1 };
  const { scales, others } = countsOwners(budget) ? scalesIn(view, pods) : { scales: none, others: [] };
  if (others.length === 0) return { actions: syncActions(subject, scales), ...again };
  const answer = async () => {
    const asked = await askForScales(api, others);
    return syncActions(subject, { ...scales, ...asked, replicas: new Map([...scales.replicas, ...asked.replicas]) });
  };
  return { actions: [{ type: 'ask', what: 'the scales of owners', answer }], ...again };
}

const none: Scales = { replicas: new Map(), unmanaged: [] };

/** A number that must stay needs no total. */
function countsOwners({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

function selects(budget: PodDisruptionBudget, labels: Record<string, string> | undefined): boolean {
  const selector = labelSelectorOf(budget.spec?.selector);
  return selector !== undefined && matchesLabels(selector, labels);
}

function budgetsFor(pod: Pod, view: View): ObjectKey[] {
  const { namespace = '', labels } = pod.metadata;
  return view
    .list(resources.podDisruptionBudgets, { namespace })
    .filter((budget) => selects(budget, labels))
    .map(keyOf);
}

/** A change of replicas concerns the budgets of the pods that are to come of its template. */
function budgetsAround(owner: KubeObject, view: View): ObjectKey[] {
  const { namespace = '' } = owner.metadata;
  const { spec } = owner as { spec?: { template?: { metadata?: { labels?: Record<string, string> } } } };
  const labels = spec?.template?.metadata?.labels;
  return view
    .list(resources.podDisruptionBudgets, { namespace })
    .filter((budget) => selects(budget, labels))
    .map(keyOf);
}
