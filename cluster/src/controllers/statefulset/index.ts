import { controllerOf, type PersistentVolumeClaim, type Pod, resources, type StatefulSet } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { type LabelSelector, labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { availableIn, claim } from '../pods/index.ts';
import { controllerRevisions, podRevisionLabel, syncRevisions, trimRevisions } from '../revisions.ts';
import { keyOf } from '../status.ts';
import { ordinalOf } from './identity.ts';
import { nextSteps } from './order.ts';
import { statusOf } from './status.ts';
import type { Situation } from './types.ts';

/** Pods with names, volumes and an order of their own. Source: "StatefulSets" of the Kubernetes documentation. */
export const statefulSetController: Reconciler<StatefulSet> = {
  name: 'statefulset-controller',
  resource: resources.statefulSets,
  watches: [
    { resource: resources.persistentVolumeClaims, concerns: concernedByClaim },
    { resource: controllerRevisions },
    { resource: resources.pods, concerns: concernedByPod },
  ],
  reconcile,
};

function concernedByPod(pod: Pod, view: View) {
  const { namespace = '', labels } = pod.metadata;
  const owner = controllerOf(pod);
  if (owner) return owner.kind === 'StatefulSet' ? [{ namespace, name: owner.name }] : [];
  return view
    .list(resources.statefulSets, { namespace })
    .filter((set) => labels && matchesLabels(labelSelectorOf(set.spec?.selector), labels))
    .map(keyOf);
}

/** A claim that goes may be what a pod waits for. */
function concernedByClaim({ metadata: { namespace = '', name } }: PersistentVolumeClaim, view: View) {
  return view
    .list(resources.statefulSets, { namespace })
    .filter(({ spec, metadata }) =>
      spec?.volumeClaimTemplates?.some((each) => name.startsWith(`${each.metadata?.name}-${metadata.name}-`)),
    )
    .map(keyOf);
}

function reconcile(set: StatefulSet, view: View, now: number): Outcome {
  if (!set.spec) return { actions: [] };
  const selector = labelSelectorOf(set.spec.selector);
  const isGoing = set.metadata.deletionTimestamp !== undefined;
  // Its history was orphaned already, and what the pods run can no longer be told.
  if (isGoing && hasOrphans(set, selector, view)) return { actions: [] };
  const { owned, actions: claims } = claimPods(set, view);
  const revisions = syncRevisions(set, { selector, template: set.spec.template }, view);
  const { update, known } = revisions;
  const current = known.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
  const situation: Situation = { set, pods: owned, view, now, current, update };
  const { actions: steps, isRolling } = isGoing ? { actions: [], isRolling: false } : nextSteps(situation);
  const used = new Set([
    current.metadata.name,
    update.metadata.name,
    ...owned.map((pod) => pod.metadata.labels?.[podRevisionLabel] ?? ''),
  ]);
  const actions: Action[] = [
    ...claims,
    ...revisions.actions,
    ...steps,
    ...statusOf(situation, isRolling ? 1 : 0),
    ...trimRevisions(known, used, set.spec.revisionHistoryLimit ?? 10),
  ];
  const waits = owned.map((pod) => availableIn(pod, set.spec?.minReadySeconds ?? 0, now) ?? 0).filter((ms) => ms > 0);
  return waits.length > 0 ? { actions, requeueAfter: Math.min(...waits) } : { actions };
}

function hasOrphans({ metadata }: StatefulSet, selector: LabelSelector | undefined, view: View): boolean {
  return view.orphans(controllerRevisions, { namespace: metadata.namespace, selector }).length > 0;
}

/** The set's pods by selector and name; what it owns under another name is none of its own. */
function claimPods(set: StatefulSet, view: View): { owned: Pod[]; actions: Action[] } {
  const { namespace = '', uid = '' } = set.metadata;
  const isMember = (pod: Pod) => ordinalOf(set, pod) !== undefined;
  const mine = view.controlledBy(resources.pods, uid);
  const selector = labelSelectorOf(set.spec?.selector);
  const orphans = view.orphans(resources.pods, { namespace, selector });
  const members = [...mine, ...orphans].filter(isMember);
  const strangers = mine.filter((pod) => !isMember(pod));
  const { owned, actions } = claim(resources.pods, set, selector, members);
  return { owned, actions: [...actions, ...claim(resources.pods, set, undefined, strangers).actions] };
}
