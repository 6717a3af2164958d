import { isDeepStrictEqual } from 'node:util';
import type { Change, Informers } from '@berth/kube/client';
import { keyOf, type Namespace, type Node, type Pod, resources } from '@berth/kube/objects';
import { isInfeasible } from '@berth/kube/pods';
import type { SchedulingQueue } from './queue.ts';
import { podInfo } from './requests.ts';
import type { ClusterState, Selecting } from './snapshot.ts';

export interface Observed {
  informers: Informers;
  state: ClusterState;
  queue: SchedulingQueue;
  /** Uids of pods whose node is decided but not yet confirmed; what is confirmed leaves it. */
  assumed: Set<string>;
  /** By uid, nodes cleared for pods that do not say so yet. */
  nominating: Map<string, string>;
  schedulerName: string;
  /** Told of pods with scheduling gates. */
  gated(pod: Pod): void;
}

/** Keeps the state and the queue up to date with what the API server tells. */
export function observe({ informers, state, queue, assumed, nominating, schedulerName, gated }: Observed): void {
  function podChanged(change: Change<Pod>): void {
    const { type, object: pod } = change;
    const key = keyOf(pod);
    const { uid = '', deletionTimestamp } = pod.metadata;
    const { nodeName, schedulerName: wanted = schedulerName, schedulingGates = [] } = pod.spec ?? {};
    const { phase } = pod.status ?? {};
    if (type === 'deleted' || phase === 'Succeeded' || phase === 'Failed') gone(pod);
    else if (nodeName) placed(pod, nodeName);
    else if (deletionTimestamp !== undefined || wanted !== schedulerName) {
      queue.remove(key);
      if (deletionTimestamp !== undefined) state.nominate(podInfo(pod), undefined);
    } else if (schedulingGates.length > 0) gated(pod);
    else if (!assumed.has(uid)) wait(key, pod);
  }

  function wait(key: string, pod: Pod): void {
    const { uid = '' } = pod.metadata;
    const said = pod.status?.nominatedNodeName;
    if (said) nominating.delete(uid);
    const node = said || nominating.get(uid);
    const info = podInfo(node && !said ? { ...pod, status: { ...pod.status, nominatedNodeName: node } } : pod);
    state.nominate(info, node || undefined);
    queue.add(key, info);
  }

  function gone(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    queue.remove(keyOf(pod));
    nominating.delete(uid);
    assumed.delete(uid);
    const info = podInfo(pod);
    state.nominate(info, undefined);
    const was = state.placed(uid);
    if (!was) return;
    state.removePod(info);
    queue.changed({ what: 'podGone', pod: was.pod, nodeName: was.nodeName });
  }

  function placed(pod: Pod, nodeName: string): void {
    const { uid = '' } = pod.metadata;
    const confirmed = assumed.delete(uid);
    nominating.delete(uid);
    const was = state.placed(uid);
    if (was?.nodeName === nodeName && countsTheSame(was.pod.pod, pod)) {
      state.refresh(pod);
      if (confirmed) queue.remove(keyOf(pod));
      if (confirmed) queue.changed({ what: 'podPlaced', pod: was.pod, nodeName });
      return;
    }
    queue.remove(keyOf(pod));
    const info = podInfo(pod);
    state.nominate(info, undefined);
    state.setPod(info, nodeName);
    if (was?.nodeName === nodeName && !confirmed) queue.changed({ what: 'podChanged', before: was.pod, pod: info });
    else queue.changed({ what: 'podPlaced', pod: info, nodeName });
  }

  function nodeChanged(change: Change<Node>): void {
    const { object: node } = change;
    if (change.type === 'deleted') {
      state.removeNode(node.metadata.name);
      queue.changed({ what: 'nodeGone', node });
      return;
    }
    const heartbeat = change.type !== 'added' && isHeartbeat(change.previous, node);
    if (heartbeat && isDeepStrictEqual(change.previous.status?.images, node.status?.images)) return;
    state.setNode(node);
    if (change.type === 'added') queue.changed({ what: 'nodeAdded', node });
    else if (!heartbeat) queue.changed({ what: 'nodeChanged', before: change.previous, node });
  }

  function namespaceChanged({ type, object: { metadata } }: Change<Namespace>): void {
    const labels = type === 'deleted' ? undefined : (metadata.labels ?? {});
    if (isDeepStrictEqual(state.namespaceLabels(metadata.name), labels)) return;
    state.setNamespace(metadata.name, labels);
    queue.changed({ what: 'namespaceChanged' });
  }

  informers.of(resources.namespaces).subscribe(namespaceChanged);
  informers.of(resources.services).subscribe(({ type, object }) => state.setService(object, type !== 'deleted'));
  for (const owners of [resources.replicationControllers, resources.replicaSets, resources.statefulSets]) {
    const { kind } = owners;
    informers.of<Selecting>(owners).subscribe(({ type, object }) => state.setOwner(kind, object, type !== 'deleted'));
  }
  informers.of(resources.nodes).subscribe(nodeChanged);
  informers.of(resources.pods).subscribe(podChanged);
}

/** Heartbeats change a node every few seconds, but nothing that a pod could wait for. */
function isHeartbeat(before: Node, after: Node): boolean {
  return (
    isDeepStrictEqual(before.spec, after.spec) &&
    isDeepStrictEqual(before.metadata.labels, after.metadata.labels) &&
    isDeepStrictEqual(before.status?.allocatable, after.status?.allocatable)
  );
}

/** Most changes of a pod that has a node are of its status, and change nothing that counts. */
function countsTheSame(before: Pod, after: Pod): boolean {
  return (
    before.metadata.deletionTimestamp === after.metadata.deletionTimestamp &&
    isDeepStrictEqual(before.metadata.labels, after.metadata.labels) &&
    asksTheSame(before, after) &&
    isDeepStrictEqual(resourcesInStatus(before), resourcesInStatus(after))
  );
}

/** The generation moves with whatever is specified but the node. */
function asksTheSame(before: Pod, after: Pod): boolean {
  const { uid, generation } = before.metadata;
  const isSame = generation !== undefined && generation === after.metadata.generation && uid === after.metadata.uid;
  return isSame || isDeepStrictEqual({ ...before.spec, nodeName: '' }, { ...after.spec, nodeName: '' });
}

function resourcesInStatus(pod: Pod): unknown[] {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const has = [...containerStatuses, ...initContainerStatuses].flatMap(
    ({ name, resources: given, allocatedResources }) =>
      given || allocatedResources ? [[name, given?.requests, allocatedResources]] : [],
  );
  return [isInfeasible(pod), ...has];
}
