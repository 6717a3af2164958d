import { isDeepStrictEqual } from 'node:util';
import { controllerOf, type DaemonSet, type Node, type Pod, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { type Backoff, backoff } from '../backoff.ts';
import { availableIn, claim, createPods, deletePod, isTerminal } from '../pods/index.ts';
import { controllerRevisions, hashOfRevision, podRevisionLabel, syncRevisions, trimRevisions } from '../revisions.ts';
import { keyOf } from '../status.ts';
import { withoutDuplicates } from './history.ts';
import { keepOnNodes } from './nodes.ts';
import { belongs, nodeNameOf } from './placement.ts';
import { generationLabel, generationOf, podFor } from './pod.ts';
import { rollOut } from './rolling-update.ts';
import { statusOf } from './status.ts';
import type { Daemons, Step } from './types.ts';

/** So many pods are made, and so many deleted, in one go at most. */
const burst = 250;

/**
 * One pod on every node that may have it. Source: "DaemonSet" of the Kubernetes documentation. `failures` keeps a pod that a node refuses
 * again and again from being replaced as fast as it fails.
 */
export function daemonSetController(
  failures: Backoff = backoff({ first: 1000, longest: 15 * 60_000 }),
): Reconciler<DaemonSet> {
  return {
    name: 'daemonset-controller',
    resource: resources.daemonSets,
    watches: [
      { resource: controllerRevisions, concerns: ownerOf },
      { resource: resources.nodes, concerns: concernedByNode },
      { resource: resources.pods, concerns: concernedByPod },
    ],
    reconcile: (set, view, now) => reconcile(set, view, now, failures),
  };
}

function ownerOf(object: Parameters<typeof controllerOf>[0]) {
  const owner = controllerOf(object);
  return owner?.kind === 'DaemonSet' ? [{ namespace: object.metadata.namespace ?? '', name: owner.name }] : [];
}

function concernedByPod(pod: Pod, view: View) {
  const { namespace = '', labels } = pod.metadata;
  if (controllerOf(pod)) return ownerOf(pod);
  return view
    .list(resources.daemonSets, { namespace })
    .filter((set) => labels && matchesLabels(labelSelectorOf(set.spec?.selector), labels))
    .map(keyOf);
}

/** Nodes report often, and mostly nothing that matters here: only the sets that have a pod too few or too many on it. */
function concernedByNode(node: Node, view: View) {
  const sets = view.list(resources.daemonSets);
  if (!view.get(resources.nodes, keyOf(node))) return sets.map(keyOf);
  return sets
    .filter((set) => {
      const isThere = view
        .controlledBy(resources.pods, set.metadata.uid ?? '')
        .some((pod) => nodeNameOf(pod) === node.metadata.name);
      const isWanted = belongs(set.spec?.template ?? {}, node, 'start');
      return isThere !== isWanted || (isThere && (set.status?.numberMisscheduled ?? 0) > 0);
    })
    .map(keyOf);
}

function reconcile(set: DaemonSet, view: View, now: number, failures: Backoff): Outcome {
  const { namespace = '', uid = '' } = set.metadata;
  const { spec } = set;
  if (spec && isDeepStrictEqual(spec.selector, {})) return { actions: [selectsAll(set)] };
  // Its history may go before it does, and what cannot be told apart cannot be counted.
  if (!spec || set.metadata.deletionTimestamp !== undefined) return { actions: [] };
  const selector = labelSelectorOf(spec.selector);
  const orphans = view.orphans(resources.pods, { namespace, selector });
  const candidates: Pod[] = [...view.controlledBy(resources.pods, uid), ...orphans];
  const { owned, actions: claims } = claim(resources.pods, set, selector, candidates);
  const revisions = syncRevisions(set, { selector, template: spec.template }, view);
  const hash = hashOfRevision(revisions.update);
  const actions: Action[] = [...claims, ...revisions.actions, ...withoutDuplicates(revisions, owned)];

  const generation = generationOf(set);
  const daemons: Daemons = {
    set,
    now,
    nodes: view.list(resources.nodes),
    byNode: byNode(owned),
    hash,
    isUpdated: ({ metadata: { labels } }) =>
      labels?.[podRevisionLabel] === hash || (generation !== undefined && labels?.[generationLabel] === generation),
  };
  const kept = keepOnNodes(daemons, failures);
  // First what is there must be in order; what is only being made or deleted cannot be counted on.
  const isSettled = kept.start.length === 0 && kept.remove.length === 0;
  const isRolling = isSettled && spec.updateStrategy?.type !== 'OnDelete';
  const step = isRolling ? rollOut(daemons) : kept;
  actions.push(...kept.told, ...carriedOut(daemons, step));

  const old = revisions.known.filter(({ metadata }) => metadata.name !== revisions.update.metadata.name);
  const alive = new Set(owned.map(({ metadata }) => metadata.labels?.[podRevisionLabel]));
  const used = new Set(old.filter((each) => alive.has(hashOfRevision(each))).map(({ metadata }) => metadata.name));
  actions.push(...trimRevisions(old, used, Math.max(0, (spec.revisionHistoryLimit ?? 10) - used.size)));
  actions.push(...statusOf(daemons));

  const waits = owned.map((pod) => availableIn(pod, spec.minReadySeconds ?? 0, now) ?? 0).filter((ms) => ms > 0);
  if (kept.requeueAfter !== undefined) waits.push(kept.requeueAfter);
  return waits.length > 0 ? { actions, requeueAfter: Math.min(...waits) } : { actions };
}

function selectsAll(about: DaemonSet): Action {
  const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
  return { type: 'event', about, severity: 'Warning', reason: 'SelectingAll', message };
}

function carriedOut({ set, hash, now }: Daemons, { start, remove }: Step): Action[] {
  const pods = start.slice(0, burst).map((node) => podFor(set, node, hash, now));
  const deletions = remove.slice(0, burst).map((pod) => deletePod(set, pod));
  return [
    ...createPods(set, pods),
    ...deletions.map(({ deletion }) => deletion),
    ...deletions.map(({ event }) => event),
  ];
}

/** The pods by the node that they are on or meant for, without those that have ended and are only waiting to vanish. */
function byNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const found = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = nodeNameOf(pod);
    if (node === undefined || (isTerminal(pod) && pod.metadata.deletionTimestamp !== undefined)) continue;
    found.set(node, [...(found.get(node) ?? []), pod]);
  }
  return found;
}
