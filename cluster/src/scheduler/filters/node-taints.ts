import type { Node } from '@berth/kube/objects';
import { isTolerated } from '@berth/kube/selectors';
import type { Filter, PodInfo } from '../types.ts';

const unschedulableTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** `spec.unschedulable`, as `kubectl cordon` sets it. */
export const unschedulable: Filter = {
  name: 'NodeUnschedulable',
  prepare({ pod }) {
    if (isTolerated(unschedulableTaint, pod.spec?.tolerations ?? [])) return undefined;
    const refusal = { reason: 'node(s) were unschedulable', resolvable: false };
    return ({ node }) => (node.spec?.unschedulable ? refusal : undefined);
  },
  mayHelp(change) {
    if (change.what === 'nodeAdded') return !change.node.spec?.unschedulable;
    return change.what === 'nodeChanged' && !change.node.spec?.unschedulable && !!change.before.spec?.unschedulable;
  },
};

export const taints: Filter = {
  name: 'TaintToleration',
  prepare(pod) {
    const refusal = { reason: 'node(s) had untolerated taint(s)', resolvable: false };
    return ({ node }) => (node.spec?.taints && repels(node, pod) ? refusal : undefined);
  },
  mayHelp(change, pod) {
    if (change.what === 'nodeAdded') return !repels(change.node, pod);
    return change.what === 'nodeChanged' && repels(change.before, pod) && !repels(change.node, pod);
  },
};

/** Whether a node's taints keep the pod away. */
export function repels({ spec }: Node, { pod }: PodInfo): boolean {
  const tolerations = pod.spec?.tolerations ?? [];
  return (spec?.taints ?? []).some((taint) => taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, tolerations));
}
