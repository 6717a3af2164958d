import type { Node, PodSpec } from '@berth/kube/objects';
import { type LabelRequirement, type LabelSelector, matchesLabels } from '@berth/kube/selectors';

type NodeAffinity = NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>;
type Term = NonNullable<
  NonNullable<NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']>['nodeSelectorTerms']
>[number];

/** Whether a node satisfies one term: all its expressions and fields. An empty term matches nothing. */
export function termMatcher(term: Term): (node: Node) => boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length + matchFields.length === 0) return () => false;
  const labels = matchExpressions.map(requirementOf);
  const fields = matchFields.map(requirementOf);
  return ({ metadata }) =>
    matchesLabels(labels, metadata.labels) && matchesLabels(fields, { 'metadata.name': metadata.name });
}

/** What `nodeSelector` and required node affinity demand together; undefined when nothing. */
export function requiredNodes(spec: PodSpec | undefined): ((node: Node) => boolean) | undefined {
  const { nodeSelector = {} } = spec ?? {};
  const selector: LabelSelector = Object.entries(nodeSelector).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }));
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (selector.length === 0 && !required) return undefined;
  // Terms are alternatives.
  const terms = required?.nodeSelectorTerms.map(termMatcher);
  return (node) => matchesLabels(selector, node.metadata.labels) && (!terms || terms.some((matches) => matches(node)));
}

function requirementOf(expression: { key: string; operator: string; values?: string[] }): LabelRequirement {
  const { key, operator, values = [] } = expression;
  return { key, operator: operator as LabelRequirement['operator'], values };
}
