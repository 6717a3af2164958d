import { controllerOf, type Deployment, type ReplicaSet, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { claim } from '../pods/index.ts';
import { cleanUpHistory } from './history.ts';
import { isRollingUpdate } from './numbers.ts';
import { planFor } from './plan.ts';
import { recreate } from './recreate.ts';
import { syncRevision } from './revision.ts';
import { rollBack, rollbackRevision } from './rollback.ts';
import { rollingUpdate } from './rolling-update.ts';
import { isScaling, scaleProportionally } from './scaling.ts';
import { isRolledOut, notePause, statusOf } from './status.ts';

/** Rolls a Deployment's template out over ReplicaSets. Source: "Deployments" of the Kubernetes documentation. */
export const deploymentController: Reconciler<Deployment> = {
  name: 'deployment-controller',
  resource: resources.deployments,
  watches: [
    { resource: resources.replicaSets, concerns: (set, view) => concernedBySet(set as ReplicaSet, view) },
    {
      resource: resources.pods,
      // Only Recreate waits for pods themselves; everything else shows in the sets' status.
      concerns(pod, view) {
        const { namespace = '' } = pod.metadata;
        const owner = controllerOf(pod);
        const set =
          owner?.kind === 'ReplicaSet' ? view.get(resources.replicaSets, { namespace, name: owner.name }) : undefined;
        const deployment = set && controllerOf(set);
        if (!deployment) return [];
        const found = view.get(resources.deployments, { namespace, name: deployment.name });
        return found && !isRollingUpdate(found) ? [{ namespace, name: deployment.name }] : [];
      },
    },
  ],
  reconcile,
};

function concernedBySet(set: ReplicaSet, view: View) {
  const { namespace = '', labels } = set.metadata;
  const controller = controllerOf(set);
  if (controller) return controller.kind === 'Deployment' ? [{ namespace, name: controller.name }] : [];
  if (!labels) return [];
  return view
    .list(resources.deployments, { namespace })
    .filter((deployment) => matchesLabels(labelSelectorOf(deployment.spec?.selector), labels))
    .map((deployment) => ({ namespace, name: deployment.metadata.name }));
}

function reconcile(deployment: Deployment, view: View, now: number): Outcome {
  const { namespace = '', uid = '' } = deployment.metadata;
  const selector = labelSelectorOf(deployment.spec?.selector);
  if (!selector || selector.length === 0) {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.';
    return { actions: [{ type: 'event', about: deployment, severity: 'Warning', reason: 'SelectingAll', message }] };
  }
  const orphans = view.orphans(resources.replicaSets, { namespace, selector });
  const candidates = [...view.controlledBy(resources.replicaSets, uid), ...orphans];
  const { owned, actions } = claim(resources.replicaSets, deployment, selector, candidates);
  const plan = planFor(deployment, owned, view, now);
  plan.actions.push(...actions);

  const rolling = deployment.metadata.deletionTimestamp === undefined && advance();
  const { actions: status, requeueAfter } = statusOf(plan, rolling);
  plan.actions.push(...status);
  return requeueAfter === undefined ? { actions: plan.actions } : { actions: plan.actions, requeueAfter };

  /** Moves what may be moved; answers whether this is a rollout, whose progress counts. */
  function advance(): boolean {
    notePause(plan);
    const revision = deployment.spec?.paused ? undefined : rollbackRevision(deployment);
    if (revision !== undefined) {
      rollBack(plan, revision);
      return false;
    }
    if (deployment.spec?.paused || isScaling(plan)) {
      syncRevision(plan, false);
      scaleProportionally(plan);
      if (deployment.spec?.paused) cleanUpHistory(plan);
      return false;
    }
    if (isRollingUpdate(deployment)) {
      syncRevision(plan, true);
      const decided = plan.actions.length;
      if (plan.newSet) rollingUpdate(plan);
      // History is looked at in a round in which nothing moves.
      if (plan.actions.slice(decided).some(({ type }) => type === 'event')) return true;
    } else recreate(plan);
    if (isRolledOut(plan)) cleanUpHistory(plan);
    return true;
  }
}
