import type { PodSpec } from '@berth/kube/objects';
import { requiredNodes } from '../node-selectors.ts';
import type { Filter } from '../types.ts';

export const nodeAffinity: Filter = {
  name: 'NodeAffinity',
  prepare({ pod }) {
    const matches = requiredNodes(pod.spec);
    if (!matches) return undefined;
    const refusal = { reason: "node(s) didn't match Pod's node affinity/selector", resolvable: false };
    const only = namedNodes(pod.spec);
    return {
      check: ({ node }) => (matches(node) ? undefined : refusal),
      ...(only ? { only } : {}),
      ...(only?.size === 0 ? { hopeless: 'pod affinity terms conflict' } : {}),
    };
  },
  mayHelp(change, { pod }) {
    if (change.what !== 'nodeAdded' && change.what !== 'nodeChanged') return false;
    const matches = requiredNodes(pod.spec) ?? (() => true);
    return matches(change.node) && !(change.what === 'nodeChanged' && matches(change.before));
  },
};

/** The nodes that required affinity names, when each of its terms names some: a DaemonSet's pod asks one node, not thousands. */
function namedNodes(spec: PodSpec | undefined): Set<string> | undefined {
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const named = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (named.length === 0) return undefined;
    const [first, ...rest] = named.map(({ values = [] }) => values);
    for (const name of first ?? []) if (rest.every((values) => values.includes(name))) names.add(name);
  }
  return names;
}
