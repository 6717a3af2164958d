import { requiredNodes } from '../node-selectors.ts';
import { isTolerated } from '../taints.ts';
import type { Filter } from '../types.ts';

const unschedulableTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** `spec.unschedulable`, as `kubectl cordon` sets it. */
export const unschedulable: Filter = {
  name: 'NodeUnschedulable',
  prepare({ pod }) {
    if (isTolerated(unschedulableTaint, pod.spec?.tolerations ?? [])) return undefined;
    const refusal = { reason: 'node(s) were unschedulable', resolvable: false };
    return ({ node }) => (node.spec?.unschedulable ? refusal : undefined);
  },
};

export const taints: Filter = {
  name: 'TaintToleration',
  prepare({ pod }) {
    const tolerations = pod.spec?.tolerations ?? [];
    return ({ node }) => {
      const untolerated = node.spec?.taints?.find(
        (taint) => taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, tolerations),
      );
      if (!untolerated) return undefined;
      const reason = `node(s) had untolerated taint {${untolerated.key}: ${untolerated.value ?? ''}}`;
      return { reason, resolvable: false };
    };
  },
};

export const nodeAffinity: Filter = {
  name: 'NodeAffinity',
  prepare({ pod }) {
    const matches = requiredNodes(pod.spec);
    const refusal = { reason: "node(s) didn't match Pod's node affinity/selector", resolvable: false };
    return matches && (({ node }) => (matches(node) ? undefined : refusal));
  },
};
