import { isDeepStrictEqual } from 'node:util';
import { type Node, resources } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import type { Taint } from '@berth/kube/selectors';
import { findCondition, rfc3339 } from '../conditions.ts';
import { keyOf } from '../status.ts';
import { drivesOut, evictionTurn } from './zones.ts';

/** Which condition, in which state, keeps new pods away. Source: "Taint Nodes by Condition" of the Kubernetes documentation. */
const taintsByCondition: readonly { type: string; status: string; key: string }[] = [
  { type: 'Ready', status: 'False', key: 'node.kubernetes.io/not-ready' },
  { type: 'Ready', status: 'Unknown', key: 'node.kubernetes.io/unreachable' },
  { type: 'MemoryPressure', status: 'True', key: 'node.kubernetes.io/memory-pressure' },
  { type: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  { type: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
  { type: 'NetworkUnavailable', status: 'True', key: 'node.kubernetes.io/network-unavailable' },
];
const unschedulable = 'node.kubernetes.io/unschedulable';
const keepsAway = new Set([...taintsByCondition.map(({ key }) => key), unschedulable]);
const byReadiness = taintsByCondition.filter(({ type }) => type === 'Ready');

/**
 * Makes the node's taints what its conditions and `spec.unschedulable` say; those of others stay. Nodes that are not ready get the taint
 * that drives pods out one after the other, and none does while no node at all is ready: then it is rather the control plane that is cut off.
 */
export function taintActions(node: Node, view: View, now: number): { actions: Action[]; requeueAfter?: number } {
  const present = node.spec?.taints ?? [];
  const foreign = present.filter(
    (taint) => !drivesOut(taint) && !(taint.effect === 'NoSchedule' && keepsAway.has(taint.key)),
  );
  const keys = taintsByCondition
    .filter(({ type, status }) => findCondition(node.status?.conditions, type)?.status === status)
    .map(({ key }) => key);
  if (node.spec?.unschedulable) keys.push(unschedulable);
  const kept = (key: string, effect: Taint['effect']) =>
    present.find((taint) => taint.key === key && taint.effect === effect);
  const away = keys.map((key): Taint => kept(key, 'NoSchedule') ?? { key, effect: 'NoSchedule' });
  const { status } = findCondition(node.status?.conditions, 'Ready') ?? {};
  const reason = byReadiness.find((one) => one.status === status)?.key;
  const out: Taint[] = [];
  let requeueAfter: number | undefined;
  if (reason) {
    const turn = evictionTurn(node, view, now);
    if (turn.now) out.push(kept(reason, 'NoExecute') ?? { key: reason, effect: 'NoExecute', timeAdded: rfc3339(now) });
    requeueAfter = turn.after;
  }
  const taints = [...foreign, ...away, ...out];
  const again = requeueAfter === undefined ? {} : { requeueAfter };
  const byKey = (list: readonly Taint[]) => new Set(list.map(({ key, effect }) => `${key} ${effect}`));
  if (isDeepStrictEqual(byKey(taints), byKey(present))) return { actions: [], ...again };
  const { uid, resourceVersion } = node.metadata;
  // With the version: somebody may be setting a taint of their own in the same list.
  const body = { metadata: { uid, resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
  const patch = { type: 'merge', body } as const;
  return { actions: [{ type: 'patch', resource: resources.nodes, key: keyOf(node), patch }], ...again };
}
