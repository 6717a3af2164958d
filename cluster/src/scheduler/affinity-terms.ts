import type { Pod, PodSpec } from '@berth/kube/objects';
import { type LabelSelectorObject, labelSelectorOf, matchesLabels } from '@berth/kube/selectors';

type PodAffinity = NonNullable<NonNullable<PodSpec['affinity']>['podAffinity']>;
export type AffinityTerm = NonNullable<PodAffinity['requiredDuringSchedulingIgnoredDuringExecution']>[number];

/**
 * Which pods a term of `owner` is about: by labels, in its namespaces (its own when none are named). A namespace selector is
 * honoured when it is empty, which means all namespaces.
 */
export function podsOfTerm(term: AffinityTerm, owner: Pod): (pod: Pod) => boolean {
  const selector = labelSelectorOf(withMatchLabelKeys(term, owner));
  const everywhere = term.namespaceSelector !== undefined && isEmpty(term.namespaceSelector);
  const named = term.namespaces ?? [];
  const namespaces = new Set(named.length > 0 ? named : [owner.metadata.namespace]);
  return ({ metadata }) =>
    (everywhere || namespaces.has(metadata.namespace)) && matchesLabels(selector, metadata.labels);
}

function isEmpty({ matchLabels = {}, matchExpressions = [] }: LabelSelectorObject): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** `matchLabelKeys`: the pod's own values of these labels are demanded of the others. */
export function withMatchLabelKeys(
  term: { labelSelector?: LabelSelectorObject; matchLabelKeys?: string[] },
  owner: Pod,
): LabelSelectorObject | undefined {
  const { labelSelector, matchLabelKeys = [] } = term;
  if (!labelSelector || matchLabelKeys.length === 0) return labelSelector;
  const own = matchLabelKeys.flatMap((key) => {
    const value = owner.metadata.labels?.[key];
    return value === undefined ? [] : [{ key, operator: 'In', values: [value] }];
  });
  return { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...own] };
}
