import { isDeepStrictEqual } from 'node:util';
import { type Node, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler } from '@berth/kube/reconcile';
import { findCondition } from '../conditions.ts';
import { keyOf } from '../status.ts';

type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];

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
const own = new Set([...taintsByCondition.map(({ key }) => key), unschedulable]);

/** Keeps a node's `NoSchedule` taints as its conditions and `spec.unschedulable` say; all others are somebody else's. */
export const nodeTaintController: Reconciler<Node> = {
  name: 'node-lifecycle-controller',
  resource: resources.nodes,
  watches: [],
  reconcile(node: Node): Outcome {
    if (node.metadata.deletionTimestamp !== undefined) return { actions: [] };
    const present = node.spec?.taints ?? [];
    const foreign = present.filter((taint) => !(taint.effect === 'NoSchedule' && own.has(taint.key)));
    const keys = taintsByCondition
      .filter(({ type, status }) => findCondition(node.status?.conditions, type)?.status === status)
      .map(({ key }) => key);
    if (node.spec?.unschedulable) keys.push(unschedulable);
    const kept = (key: string) => present.find((taint) => taint.key === key && taint.effect === 'NoSchedule');
    const taints: Taint[] = [...foreign, ...keys.map((key): Taint => kept(key) ?? { key, effect: 'NoSchedule' })];
    const byKey = (list: readonly Taint[]) => new Set(list.map(({ key, effect }) => `${key} ${effect}`));
    if (isDeepStrictEqual(byKey(taints), byKey(present))) return { actions: [] };
    const { uid, resourceVersion } = node.metadata;
    // With the version: somebody may be setting a taint of their own in the same list.
    const body = { metadata: { uid, resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
    return {
      actions: [{ type: 'patch', resource: resources.nodes, key: keyOf(node), patch: { type: 'merge', body } }],
    };
  },
};
