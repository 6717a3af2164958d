import { controllerOf, type DaemonSet, type Node, type Pod, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { resolveIntOrPercent } from '../int-or-percent.ts';
import { availableIn, claim, isAvailable, isReady, isTerminal } from '../pods/index.ts';
import { controllerRevisions, hashOfRevision, podRevisionLabel, syncRevisions, trimRevisions } from '../revisions.ts';
import { count, keyOf, statusActions } from '../status.ts';
import { belongs, nodeNameOf } from './placement.ts';
import { podFor } from './pod.ts';

/** One pod on every node that may have it. Source: "DaemonSet" of the Kubernetes documentation. */
export const daemonSetController: Reconciler<DaemonSet> = {
  name: 'daemonset-controller',
  resource: resources.daemonSets,
  watches: [
    { resource: controllerRevisions },
    // Heartbeats are leases of their own; what changes in a node concerns every set.
    { resource: resources.nodes, concerns: (_node, view) => view.list(resources.daemonSets).map(keyOf) },
    {
      resource: resources.pods,
      concerns(pod, view) {
        const { namespace = '', labels } = pod.metadata;
        const owner = controllerOf(pod);
        if (owner) return owner.kind === 'DaemonSet' ? [{ namespace, name: owner.name }] : [];
        return view
          .list(resources.daemonSets, { namespace })
          .filter((set) => labels && matchesLabels(labelSelectorOf(set.spec?.selector), labels))
          .map(keyOf);
      },
    },
  ],
  reconcile,
};

function reconcile(set: DaemonSet, view: View, now: number): Outcome {
  const { namespace = '', uid = '', generation = 1 } = set.metadata;
  const { spec } = set;
  if (!spec) return { actions: [] };
  const orphans = view.controlledBy(resources.pods, '').filter((pod) => pod.metadata.namespace === namespace);
  const candidates: Pod[] = [...view.controlledBy(resources.pods, uid), ...orphans];
  const { owned, actions: claims } = claim(resources.pods, set, labelSelectorOf(spec.selector), candidates);
  const revisions = syncRevisions(set, spec.template, view);
  const hash = hashOfRevision(revisions.update);
  const minReadySeconds = spec.minReadySeconds ?? 0;

  const byNode = new Map<string, Pod[]>();
  for (const pod of owned) {
    const node = nodeNameOf(pod) ?? '';
    byNode.set(node, [...(byNode.get(node) ?? []), pod]);
  }
  const nodes = view.list(resources.nodes).filter(({ metadata }) => !metadata.deletionTimestamp);
  const wanted = nodes.filter((node) => belongs(spec.template, node, 'start'));
  const tolerated = new Set(nodes.filter((node) => belongs(spec.template, node, 'stay')).map(nameOf));
  const isUpdated = (pod: Pod) => pod.metadata.labels?.[podRevisionLabel] === hash;

  const actions: Action[] = [...claims, ...revisions.actions];
  const deletions: Action[] = [];
  if (set.metadata.deletionTimestamp === undefined) {
    actions.push(
      ...wanted
        .filter((node) => !byNode.has(nameOf(node)))
        .flatMap((node) => creation(set, podFor(set, node, hash, now))),
    );
    for (const [node, pods] of byNode) {
      const [, ...surplus] = pods.sort((a, b) => Number(isReady(b)) - Number(isReady(a)));
      const leaving = tolerated.has(node) ? [...surplus, ...pods.slice(0, 1).filter(isTerminal)] : pods;
      deletions.push(...leaving.flatMap((pod) => deletion(set, pod)));
    }
    if (deletions.length === 0) deletions.push(...rollOut(set, wanted, byNode, isUpdated, now));
  }
  const used = new Set([revisions.update.metadata.name]);
  for (const each of revisions.known) {
    if (owned.some((pod) => pod.metadata.labels?.[podRevisionLabel] === hashOfRevision(each)))
      used.add(each.metadata.name);
  }
  actions.push(...deletions, ...trimRevisions(revisions.known, used, spec.revisionHistoryLimit ?? 10));

  const names = new Set(wanted.map(nameOf));
  const first = [...names].flatMap((name) => byNode.get(name)?.[0] ?? []);
  const available = first.filter((pod) => isAvailable(pod, minReadySeconds, now));
  actions.push(
    ...statusActions(resources.daemonSets, set, {
      currentNumberScheduled: first.length,
      numberMisscheduled: [...byNode.keys()].filter((node) => !names.has(node)).length,
      desiredNumberScheduled: wanted.length,
      numberReady: first.filter(isReady).length,
      observedGeneration: generation,
      ...count('updatedNumberScheduled', first.filter(isUpdated).length),
      ...count('numberAvailable', available.length),
      ...count('numberUnavailable', wanted.length - available.length),
      ...(set.status?.collisionCount === undefined ? {} : { collisionCount: set.status.collisionCount }),
    }),
  );
  const waits = owned.map((pod) => availableIn(pod, minReadySeconds, now) ?? 0).filter((ms) => ms > 0);
  return waits.length > 0 ? { actions, requeueAfter: Math.min(...waits) } : { actions };
}

function nameOf({ metadata }: Node): string {
  return metadata.name;
}

/** Outdated pods that may go now: all that are not available anyway, and others up to `maxUnavailable`. */
function rollOut(
  set: DaemonSet,
  wanted: readonly Node[],
  byNode: ReadonlyMap<string, readonly Pod[]>,
  isUpdated: (pod: Pod) => boolean,
  now: number,
): Action[] {
  const { updateStrategy, minReadySeconds = 0 } = set.spec ?? {};
  if (updateStrategy?.type === 'OnDelete') return [];
  const most = resolveIntOrPercent(updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, wanted.length, 'up');
  let unavailable = 0;
  const idle: Pod[] = [];
  const serving: Pod[] = [];
  for (const node of wanted) {
    const pod = byNode.get(nameOf(node))?.[0];
    const isServing = pod && !pod.metadata.deletionTimestamp && isAvailable(pod, minReadySeconds, now);
    if (!isServing) unavailable++;
    if (!pod || pod.metadata.deletionTimestamp || isUpdated(pod)) continue;
    if (isServing) serving.push(pod);
    else idle.push(pod);
  }
  const more = Math.max(0, Math.max(1, most) - unavailable);
  return [...idle, ...serving.slice(0, more)].flatMap((pod) => deletion(set, pod));
}

function creation(set: DaemonSet, pod: Pod): Action[] {
  const event = (severity: 'Normal' | 'Warning', reason: string, message: string): Action => ({
    type: 'event',
    about: set,
    severity,
    reason,
    message,
  });
  return [
    {
      type: 'create',
      resource: resources.pods,
      object: pod,
      failed: (error) => [event('Warning', 'FailedCreate', `Error creating: ${error.message}`)],
    },
    event('Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`),
  ];
}

function deletion(set: DaemonSet, pod: Pod): Action[] {
  if (pod.metadata.deletionTimestamp !== undefined) return [];
  const { uid, name } = pod.metadata;
  const options = uid === undefined ? {} : { options: { preconditions: { uid } } };
  return [
    { type: 'delete', resource: resources.pods, key: keyOf(pod), ...options },
    { type: 'event', about: set, severity: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` },
  ];
}
