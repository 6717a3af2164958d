import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { withMatchLabelKeys } from '../affinity-terms.ts';
import { requiredNodes } from '../node-selectors.ts';
import { isTolerated } from '../taints.ts';
import type { Filter, NodeInfo, PodInfo } from '../types.ts';

type Constraint = NonNullable<NonNullable<PodInfo['pod']['spec']>['topologySpreadConstraints']>[number];

/**
 * Constraints with `DoNotSchedule`: after the pod is placed no domain may have `maxSkew` more of the selected pods than the
 * emptiest one. Source: "Pod Topology Spread Constraints" of the Kubernetes documentation.
 */
export const topologySpread: Filter = {
  name: 'PodTopologySpread',
  prepare(info, snapshot) {
    const constraints = (info.pod.spec?.topologySpreadConstraints ?? []).filter(
      ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
    );
    if (constraints.length === 0) return undefined;
    const counted = constraints.map((constraint) => countDomains(constraint, info, snapshot.nodes));
    const reason = "node(s) didn't match pod topology spread constraints";
    return ({ node }) => {
      for (const { key, maxSkew, counts, self, least } of counted) {
        const value = node.metadata.labels?.[key];
        if (value === undefined) return { reason: `${reason} (missing required label)`, resolvable: false };
        const after = (counts.get(value) ?? 0) + self;
        if (after - least > maxSkew) return { reason, resolvable: true };
      }
      return undefined;
    };
  },
};

function countDomains(constraint: Constraint, { pod }: PodInfo, nodes: readonly NodeInfo[]) {
  const { topologyKey: key, maxSkew, minDomains = 1 } = constraint;
  const selector = labelSelectorOf(withMatchLabelKeys(constraint, pod));
  const eligible = eligibility(constraint, pod);
  const counts = new Map<string, number>();
  for (const info of nodes) {
    const value = info.node.metadata.labels?.[key];
    if (value === undefined || !eligible(info)) continue;
    let count = counts.get(value) ?? 0;
    for (const { pod: other } of info.pods.values()) {
      const { namespace, labels, deletionTimestamp } = other.metadata;
      if (namespace === pod.metadata.namespace && deletionTimestamp === undefined && matchesLabels(selector, labels))
        count++;
    }
    counts.set(value, count);
  }
  // Fewer domains than demanded: the missing ones count as empty.
  const least = counts.size < minDomains ? 0 : Math.min(...counts.values());
  return { key, maxSkew, counts, self: matchesLabels(selector, pod.metadata.labels) ? 1 : 0, least };
}

/** Which nodes' domains count: by default those that the pod's node affinity allows, tainted or not. */
function eligibility({ nodeAffinityPolicy, nodeTaintsPolicy }: Constraint, { spec }: PodInfo['pod']) {
  const required = nodeAffinityPolicy === 'Ignore' ? undefined : requiredNodes(spec);
  const tolerations = spec?.tolerations ?? [];
  return ({ node }: NodeInfo): boolean => {
    if (required && !required(node)) return false;
    if (nodeTaintsPolicy !== 'Honor') return true;
    const repelling = (node.spec?.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule');
    return repelling.every((taint) => isTolerated(taint, tolerations));
  };
}
