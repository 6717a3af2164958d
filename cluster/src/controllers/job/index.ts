import { controllerOf, type Job, type Pod, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { claim, createPods, deletePod } from '../pods/index.ts';
import { keyOf, statusActions } from '../status.ts';
import { noFailures } from './backoff.ts';
import { podsFor } from './creation.ts';
import { type Decision, decide, type JobEvent } from './decide.ts';
import { type FailureMemory, failureMemory } from './memory.ts';
import { isTracked, trackingFinalizer } from './pods.ts';
import { release } from './tracking.ts';
import { isFinished, isOurs } from './verdict.ts';

export { orphanedJobPodController } from './orphans.ts';
export { ttlAfterFinishedController } from './ttl.ts';

/**
 * Runs pods until enough of them have succeeded. Source: "Jobs" of the Kubernetes documentation. What is remembered of failures is
 * in no object, as in Kubernetes: a controller that starts anew begins the back-off anew.
 */
export function jobController(memory: FailureMemory = failureMemory()): Reconciler<Job> {
  return {
    name: 'job-controller',
    resource: resources.jobs,
    watches: [{ resource: resources.pods, concerns: jobsFor }],
    reconcile: (job, view, now) => reconcile(job, view, now, memory),
  };
}

function jobsFor(pod: Pod, view: View) {
  const { namespace = '', labels } = pod.metadata;
  const owner = controllerOf(pod);
  if (owner) return owner.kind === 'Job' ? [{ namespace, name: owner.name }] : [];
  if (!labels) return [];
  return view
    .list(resources.jobs, { namespace })
    .filter(({ spec }) => matchesLabels(labelSelectorOf(spec?.selector), labels))
    .map(keyOf);
}

function reconcile(job: Job, view: View, now: number, memory: FailureMemory): Outcome {
  const { namespace = '', uid = '' } = job.metadata;
  if (!job.spec || !isOurs(job)) return { actions: [] };
  if (isFinished(job)) {
    return { actions: memory.get(uid) ? [remember(() => memory.delete(uid))] : [] };
  }
  const selector = labelSelectorOf(job.spec.selector);
  const candidates = [
    ...view.controlledBy(resources.pods, uid),
    ...view.orphans(resources.pods, { namespace, selector }),
  ];
  const { owned, actions } = claim(resources.pods, job, selector, candidates, trackingFinalizer);
  const record = memory.get(uid) ?? noFailures;
  const decision = decide(job, owned, record, now);
  const note = decision.failures === record ? [] : [remember(() => memory.set(uid, decision.failures))];
  const made = podsFor(job, decision.wanted, view, now);
  const rest = (active?: number) => [
    ...decision.events.map((each) => event(job, each)),
    ...statusActions(resources.jobs, job, decision.noted(active)),
    ...note,
    ...decision.released.map(release),
    ...statusActions(resources.jobs, { ...job, status: decision.noted(active) }, decision.counted(active)),
    ...decision.finalEvents.map((each) => event(job, each)),
  ];
  const { wakeUp } = decision;
  return {
    actions: [
      ...actions,
      ...removals(job, decision),
      // A refusal keeps nothing else from being done.
      ...createPods(job, made, () => rest(decision.activeBefore)),
      ...rest(),
    ],
    ...(wakeUp === undefined ? {} : { requeueAfter: wakeUp }),
  };
}

function removals(job: Job, { ended, surplus }: Decision): Action[] {
  const deletions = [...surplus, ...ended].map((pod) => deletePod(job, pod));
  return [
    ...surplus.filter(isTracked).map(release),
    ...deletions.map(({ deletion }) => deletion),
    ...deletions.map((each) => each.event),
  ];
}

function remember(note: () => void): Action {
  const answer = async () => {
    note();
    return [];
  };
  return { type: 'ask', what: 'to remember the failures', answer };
}

function event(about: Job, { severity, reason, message }: JobEvent): Action {
  return { type: 'event', about, severity, reason, message };
}
