import { type Lease, type Node, type Pod, resources } from '@berth/kube/objects';
import { byNode } from '@berth/kube/pods';
import type { Action, View } from '@berth/kube/reconcile';
import { findCondition, rfc3339 } from '../conditions.ts';
import { keyOf } from '../status.ts';

type Condition = NonNullable<NonNullable<Node['status']>['conditions']>[number];

/** The conditions that kubelet reports; that of the network is the control plane's. */
const reported = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/** What changes with every sign of life that a node gives: its lease, and the heartbeat in its status. */
export function signOfLife(node: Node, lease: Lease | undefined): string {
  const heartbeat = findCondition(node.status?.conditions, 'Ready')?.lastHeartbeatTime ?? '';
  return `${lease?.spec?.renewTime ?? ''} ${heartbeat}`;
}

/** Says of a node that fell silent that nobody knows how it is, and of its pods that they are not ready. */
export function silentActions(node: Node, view: View, now: number): Action[] {
  const { name, creationTimestamp } = node.metadata;
  const before: Condition[] = node.status?.conditions ?? [];
  const at = rfc3339(now);
  const changed = new Map<string, Condition>();
  for (const type of reported) {
    const present = findCondition(before, type);
    const unknown = { type, status: 'Unknown', lastTransitionTime: at } as const;
    if (!present) {
      const heartbeat = creationTimestamp === undefined ? {} : { lastHeartbeatTime: creationTimestamp };
      const [reason, message] = ['NodeStatusNeverUpdated', 'Kubelet never posted node status.'];
      changed.set(type, { ...unknown, ...heartbeat, reason, message });
    } else if (present.status !== 'Unknown') {
      const [reason, message] = ['NodeStatusUnknown', 'Kubelet stopped posting node status.'];
      changed.set(type, { ...present, ...unknown, reason, message });
    }
  }
  // As with kube-controller-manager nothing is written for the other conditions alone.
  if (!changed.has('Ready')) return [];
  const conditions = [
    ...before.map((condition) => changed.get(condition.type) ?? condition),
    ...[...changed.values()].filter(({ type }) => !findCondition(before, type)),
  ];
  const { uid, resourceVersion } = node.metadata;
  // With the version: the node may be telling how it is in this moment.
  const body = { metadata: { uid, resourceVersion }, status: { conditions } };
  const patch = { type: 'merge', body } as const;
  const unknown: Action = { type: 'patch', resource: resources.nodes, key: { name }, patch, subresource: 'status' };
  if (findCondition(before, 'Ready')?.status !== 'True') return [unknown];
  const message = `Node ${name} status is now: NodeNotReady`;
  return [
    // The pods first: what fails is tried again as long as the node still counts as ready.
    ...view.byIndex(resources.pods, byNode, name).flatMap((pod) => notReadyActions(pod, at)),
    unknown,
    { type: 'event', about: node, severity: 'Normal', reason: 'NodeNotReady', message },
  ];
}

function notReadyActions(pod: Pod, at: string): Action[] {
  const ready = findCondition(pod.status?.conditions, 'Ready');
  if (ready?.status !== 'True') return [];
  const condition = { ...ready, status: 'False', lastTransitionTime: at };
  const body = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } };
  const patch = { type: 'strategic', body } as const;
  return [
    { type: 'patch', resource: resources.pods, key: keyOf(pod), patch, subresource: 'status' },
    { type: 'event', about: pod, severity: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' },
  ];
}
