import { controllerOf, type Pod, resources, type StatefulSet } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { availableIn, claim } from '../pods/index.ts';
import { controllerRevisions, syncRevisions, trimRevisions } from '../revisions.ts';
import { keyOf } from '../status.ts';
import { persistentVolumeClaims } from './claims.ts';
import { ordinalOf } from './identity.ts';
import { nextSteps } from './order.ts';
import { statusOf } from './status.ts';

/** Pods with names, volumes and an order of their own. Source: "StatefulSets" of the Kubernetes documentation. */
export const statefulSetController: Reconciler<StatefulSet> = {
  name: 'statefulset-controller',
  resource: resources.statefulSets,
  watches: [
    { resource: persistentVolumeClaims },
    { resource: controllerRevisions },
    {
      resource: resources.pods,
      concerns(pod, view) {
        const { namespace = '', labels } = pod.metadata;
        const owner = controllerOf(pod);
        if (owner) return owner.kind === 'StatefulSet' ? [{ namespace, name: owner.name }] : [];
        return view
          .list(resources.statefulSets, { namespace })
          .filter((set) => labels && matchesLabels(labelSelectorOf(set.spec?.selector), labels))
          .map(keyOf);
      },
    },
  ],
  reconcile,
};

function reconcile(set: StatefulSet, view: View, now: number): Outcome {
  const { namespace = '', uid = '' } = set.metadata;
  if (!set.spec) return { actions: [] };
  const orphans = view
    .controlledBy(resources.pods, '')
    .filter((pod) => pod.metadata.namespace === namespace && ordinalOf(set, pod) !== undefined);
  const candidates: Pod[] = [...view.controlledBy(resources.pods, uid), ...orphans];
  const { owned, actions: claims } = claim(resources.pods, set, labelSelectorOf(set.spec.selector), candidates);
  const revisions = syncRevisions(
    set,
    { selector: labelSelectorOf(set.spec.selector), template: set.spec.template },
    view,
  );
  const actions: Action[] = [...claims, ...revisions.actions];
  const current =
    revisions.known.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? revisions.update;
  if (set.metadata.deletionTimestamp === undefined) {
    actions.push(...nextSteps({ set, pods: owned, view, now, current, update: revisions.update }));
  }
  const used = new Set([
    current.metadata.name,
    revisions.update.metadata.name,
    ...owned.map((pod) => pod.metadata.labels?.['controller-revision-hash'] ?? ''),
  ]);
  actions.push(...trimRevisions(revisions.known, used, set.spec.revisionHistoryLimit ?? 10));
  actions.push(...statusOf(set, owned, { current, update: revisions.update }, now));
  const waits = owned.map((pod) => availableIn(pod, set.spec?.minReadySeconds ?? 0, now) ?? 0).filter((ms) => ms > 0);
  return waits.length > 0 ? { actions, requeueAfter: Math.min(...waits) } : { actions };
}
