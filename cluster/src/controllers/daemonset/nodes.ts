import type { DaemonSet, Node, Pod } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import type { Backoff } from '../backoff.ts';
import { isAvailable, isReady } from '../pods/index.ts';
import { belongs } from './placement.ts';
import { allowsSurge } from './rolling-update.ts';
import type { Daemons, Step } from './types.ts';

export interface Kept extends Step {
  told: Action[];
  /** Milliseconds until a failed pod that must wait may be replaced. */
  requeueAfter?: number;
}

/** A pod where one is missing, none where none belongs, none that has ended, and not more than one (two where a new one comes first). */
export function keepOnNodes(daemons: Daemons, failures: Backoff): Kept {
  const { set, nodes, byNode } = daemons;
  const kept: Kept = { start: [], remove: [], told: [] };
  for (const node of nodes) {
    const pods = byNode.get(node.metadata.name);
    const starts = belongs(set.spec?.template ?? {}, node, 'start');
    if (starts && !pods) kept.start.push(node);
    else if (starts || belongs(set.spec?.template ?? {}, node, 'stay')) {
      const running = withoutEnded(daemons, node, pods ?? [], { kept, failures });
      if (!allowsSurge(set)) kept.remove.push(...running.sort(oldestFirst).slice(1));
      else if (running.length > 1) kept.remove.push(...replaced(daemons, running));
      else if (running.length === 0 && starts) kept.start.push(node);
    } else kept.remove.push(...(pods ?? []).filter(isStaying));
  }
  // Nobody else deletes what was never scheduled.
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  for (const [name, pods] of byNode) {
    if (!names.has(name)) kept.remove.push(...pods.filter((pod) => !pod.spec?.nodeName && isStaying(pod)));
  }
  return kept;
}

function isStaying({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined;
}

function withoutEnded(
  { set, now }: Daemons,
  node: Node,
  pods: readonly Pod[],
  { kept, failures }: { kept: Kept; failures: Backoff },
): Pod[] {
  const running: Pod[] = [];
  for (const pod of pods.filter(isStaying)) {
    const { namespace, name } = pod.metadata;
    const where = `${namespace}/${name} on node ${node.metadata.name}`;
    if (pod.status?.phase === 'Failed') {
      const key = `${set.metadata.uid}/${set.status?.observedGeneration ?? 0}/${node.metadata.name}`;
      const left = failures.attempt(key, now);
      if (left > 0) {
        kept.requeueAfter = Math.min(kept.requeueAfter ?? left, left);
        continue;
      }
      kept.told.push(event(set, 'Warning', 'FailedDaemonPod', `Found failed daemon pod ${where}, will try to kill it`));
      kept.remove.push(pod);
    } else if (pod.status?.phase === 'Succeeded') {
      const message = `Found succeeded daemon pod ${where}, will try to delete it`;
      kept.told.push(event(set, 'Normal', 'SucceededDaemonPod', message));
      kept.remove.push(pod);
    } else running.push(pod);
  }
  return running;
}

/**
 * Where new pods come before old ones go, two may be there while the old one serves and the new one does not yet. Of each kind the oldest
 * stays.
 */
function replaced({ set, now, hash }: Daemons, running: Pod[]): Pod[] {
  const isNew = (pod: Pod) => pod.metadata.labels?.['controller-revision-hash'] === hash;
  running.sort(oldestFirst);
  const [newPod, ...newer] = running.filter(isNew);
  const [oldPod, ...older] = running.filter((pod) => !isNew(pod));
  const surplus = [...newer, ...older];
  if (!newPod || !oldPod) return surplus;
  const isOver = !isReady(oldPod) || isAvailable(newPod, set.spec?.minReadySeconds ?? 0, now);
  return isOver ? [...surplus, oldPod] : surplus;
}

/** Those on a node before those that are only meant for it, then by age. */
export function oldestFirst(a: Pod, b: Pod): number {
  const scheduled = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName));
  if (scheduled !== 0) return scheduled;
  const [one = '', other = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (one !== other) return one < other ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function event(about: DaemonSet, severity: 'Normal' | 'Warning', reason: string, message: string): Action {
  return { type: 'event', about, severity, reason, message };
}
