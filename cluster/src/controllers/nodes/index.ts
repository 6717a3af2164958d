import { type Lease, type Node, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler } from '@berth/kube/reconcile';
import { findCondition } from '../conditions.ts';
import { keyOf } from '../status.ts';
import { signOfLife, silentActions } from './health.ts';
import { type Stopwatch, stopwatch } from './stopwatch.ts';
import { taintActions } from './taints.ts';

export { taintEvictionController } from './eviction.ts';
export { type Stopwatch, stopwatch } from './stopwatch.ts';

/** kube-controller-manager's `--node-monitor-grace-period` and `--node-startup-grace-period`, milliseconds. */
export const nodeMonitorGracePeriod = 50_000;
const nodeStartupGracePeriod = 60_000;
const leases = 'kube-node-lease';

export interface NodeControllerOptions {
  /** Milliseconds without a sign of life after which nobody knows how a node is. */
  gracePeriod?: number;
  /** How long each node has been silent. */
  silence?: Stopwatch;
}

/**
 * Keeps what the cluster believes of its nodes: says of one that fell silent that it is Unknown, and sets the taints that its
 * conditions ask for. Silence counts from when this controller heard something, whatever the times in it say: clocks differ and jump.
 * Source: "Nodes" of the Kubernetes documentation.
 */
export function nodeController(options: NodeControllerOptions = {}): Reconciler<Node> {
  const { gracePeriod = nodeMonitorGracePeriod, silence = stopwatch() } = options;
  return {
    name: 'node-controller',
    resource: resources.nodes,
    watches: [
      { resource: resources.leases, concerns: ({ metadata }) => nodeOfLease(metadata as Lease['metadata']) },
      { resource: resources.pods },
    ],
    reconcile(node, view, now): Outcome {
      if (node.metadata.deletionTimestamp !== undefined) return { actions: [] };
      const { name } = node.metadata;
      silence.keep(() => view.list(resources.nodes).map(({ metadata }) => metadata.name));
      const lease = view.get(resources.leases, { namespace: leases, name });
      const silent = silence.elapsed(name, signOfLife(node, lease));
      const grace = findCondition(node.status?.conditions, 'Ready') ? gracePeriod : nodeStartupGracePeriod;
      if (silent > grace) {
        const actions = silentActions(node, view, now);
        if (actions.length > 0) return { actions };
      }
      const labels = labelActions(node);
      if (labels.length > 0) return { actions: labels };
      const { actions, requeueAfter = Number.POSITIVE_INFINITY } = taintActions(node, view, now);
      const left = silent > grace ? Number.POSITIVE_INFINITY : grace - silent + 1;
      const after = Math.min(requeueAfter, left);
      const again = Number.isFinite(after) ? { requeueAfter: Math.ceil(after) } : {};
      return { actions, ...again };
    },
  };
}

function nodeOfLease({ namespace, name }: Lease['metadata']): { name: string }[] {
  return namespace === leases ? [{ name }] : [];
}

/** Labels of old say what those of today say. */
function labelActions(node: Node): Action[] {
  const labels: Record<string, string> = {};
  for (const what of ['os', 'arch']) {
    const value = node.metadata.labels?.[`kubernetes.io/${what}`];
    const old = `beta.kubernetes.io/${what}`;
    if (value !== undefined && node.metadata.labels?.[old] !== value) labels[old] = value;
  }
  if (Object.keys(labels).length === 0) return [];
  const body = { metadata: { uid: node.metadata.uid, labels } };
  return [{ type: 'patch', resource: resources.nodes, key: keyOf(node), patch: { type: 'merge', body } }];
}
