import { type Pod, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { findCondition, rfc3339 } from '../conditions.ts';
import { isTerminal } from '../pods/index.ts';
import { keyOf } from '../status.ts';

/** How long, in milliseconds, a pod may be said to be on its way out without being deleted. */
const staleAfter = 2 * 60_000;

/**
 * Takes back what was said of a pod that was to be disrupted and then was not, and tells of pods that several budgets claim, which evictions
 * do not support.
 */
export const staleDisruptionController: Reconciler<Pod> = {
  name: 'stale-disruption-controller',
  resource: resources.pods,
  watches: [{ resource: resources.podDisruptionBudgets }],
  reconcile(pod, view, now): Outcome {
    const actions = ambiguous(pod, view);
    const condition = findCondition(pod.status?.conditions, 'DisruptionTarget');
    // The node's agent may need longer to end a pod than anybody can tell.
    const isStale = condition?.status === 'True' && condition.reason !== 'TerminationByKubelet' && !isTerminal(pod);
    if (!condition || !isStale || pod.metadata.deletionTimestamp !== undefined) return { actions };
    const left = Date.parse(condition.lastTransitionTime ?? '') + staleAfter - now;
    if (left > 0) return { actions, requeueAfter: left };
    return { actions: [...actions, undisrupted(pod, now)] };
  },
};

function undisrupted(pod: Pod, now: number): Action {
  const { uid, generation } = pod.metadata;
  const condition = {
    type: 'DisruptionTarget',
    status: 'False',
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastProbeTime: null,
    lastTransitionTime: rfc3339(now),
    reason: null,
    message: null,
  };
  const body = { metadata: { uid }, status: { conditions: [condition] } };
  const patch = { type: 'strategic' as const, body };
  return { type: 'patch', resource: resources.pods, key: keyOf(pod), patch, subresource: 'status' };
}

function ambiguous(pod: Pod, view: View): Action[] {
  const { namespace = '', name, labels } = pod.metadata;
  const names = view
    .list(resources.podDisruptionBudgets, { namespace })
    .filter(({ spec }) => spec?.selector && matchesLabels(labelSelectorOf(spec.selector), labels))
    .map(({ metadata }) => metadata.name)
    .sort();
  if (names.length < 2) return [];
  const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${names[0]}" arbitrarily.`;
  const reason = 'MultiplePodDisruptionBudgets';
  return [{ type: 'event', about: pod, severity: 'Warning', reason, message }];
}
