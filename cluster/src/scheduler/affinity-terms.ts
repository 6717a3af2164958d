import type { Pod, PodSpec } from '@berth/kube/objects';
import { type LabelSelector, type LabelSelectorObject, labelSelectorOf, matchesLabels } from '@berth/kube/selectors';

type PodAffinity = NonNullable<NonNullable<PodSpec['affinity']>['podAffinity']>;
export type AffinityTerm = NonNullable<PodAffinity['requiredDuringSchedulingIgnoredDuringExecution']>[number];

/** Which pods something is about: labels, and namespaces by name or by their labels. */
export interface Term {
  /** The same for all terms that mean the same. */
  readonly key: string;
  readonly topologyKey: string;
  /** Undefined matches no pod. */
  readonly selector: LabelSelector | undefined;
  readonly namespaces: ReadonlySet<string>;
  /** Empty matches all namespaces, undefined none besides those that are named. */
  readonly namespaceSelector: LabelSelector | undefined;
}

export interface WeightedTerm {
  term: Term;
  weight: number;
}

/** The terms of a pod's affinity to other pods. */
export interface PlacementTerms {
  readonly required: readonly Term[];
  readonly requiredAnti: readonly Term[];
  /** Preferred terms; those of anti-affinity have weights below zero. */
  readonly preferred: readonly WeightedTerm[];
}

type Labels = Readonly<Record<string, string>> | undefined;

/** Labels of a namespace by its name; undefined when it is not there. */
export type NamespaceLabels = (name: string) => Labels;

const none: PlacementTerms = { required: [], requiredAnti: [], preferred: [] };

export function placementTerms(pod: Pod): PlacementTerms {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return none;
  const near = podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const far = podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const read = (term: AffinityTerm) => readTerm(term, pod);
  return {
    required: (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(read),
    requiredAnti: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(read),
    preferred: [
      ...near.map(({ weight, podAffinityTerm }) => ({ weight, term: read(podAffinityTerm) })),
      ...far.map(({ weight, podAffinityTerm }) => ({ weight: -weight, term: read(podAffinityTerm) })),
    ],
  };
}

/** A term as its owner means it: in the owner's namespace where none is named. */
function readTerm(term: AffinityTerm, owner: Pod): Term {
  const named = term.namespaces ?? [];
  const own = named.length === 0 && term.namespaceSelector === undefined;
  return makeTerm({
    topologyKey: term.topologyKey,
    selector: selectorOf(withLabelKeys(term, owner)),
    namespaces: own ? [owner.metadata.namespace ?? ''] : named,
    namespaceSelector: selectorOf(term.namespaceSelector),
  });
}

export function makeTerm(parts: {
  topologyKey: string;
  selector: LabelSelector | undefined;
  namespaces: readonly string[];
  namespaceSelector?: LabelSelector | undefined;
}): Term {
  const { topologyKey, selector, namespaces, namespaceSelector } = parts;
  const key = JSON.stringify([topologyKey, selector ?? null, [...namespaces].sort(), namespaceSelector ?? null]);
  return { key, topologyKey, selector, namespaces: new Set(namespaces), namespaceSelector };
}

/** No selector at all matches nothing; an empty one everything. */
function selectorOf(selector: LabelSelectorObject | undefined): LabelSelector | undefined {
  return selector && labelSelectorOf(selector);
}

/** Whether a pod is one of those that a term is about. */
export function concerns(term: Term, { metadata }: Pod, namespaceLabels: NamespaceLabels): boolean {
  const { selector, namespaces, namespaceSelector } = term;
  if (selector === undefined) return false;
  const { namespace = '', labels } = metadata;
  if (!namespaces.has(namespace)) {
    if (namespaceSelector === undefined) return false;
    if (namespaceSelector.length > 0) {
      const ofNamespace = namespaceLabels(namespace);
      if (ofNamespace === undefined || !matchesLabels(namespaceSelector, ofNamespace)) return false;
    }
  }
  return matchesLabels(selector, labels);
}

/** Whether a pod is one of those that all the terms are about; no terms are about nobody. */
export function concernAll(terms: readonly Term[], pod: Pod, namespaceLabels: NamespaceLabels): boolean {
  return terms.length > 0 && terms.every((term) => concerns(term, pod, namespaceLabels));
}

/**
 * `matchLabelKeys` and `mismatchLabelKeys`: the pod's own values of these labels are demanded of the others, or refused. Source:
 * KEP-3633 "MatchLabelKeys and MismatchLabelKeys for PodAffinity".
 */
export function withLabelKeys(
  term: { labelSelector?: LabelSelectorObject; matchLabelKeys?: string[]; mismatchLabelKeys?: string[] },
  owner: Pod,
): LabelSelectorObject | undefined {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  if (!labelSelector || matchLabelKeys.length + mismatchLabelKeys.length === 0) return labelSelector;
  const own = (keys: readonly string[], operator: 'In' | 'NotIn') =>
    keys.flatMap((key) => {
      const value = owner.metadata.labels?.[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const matchExpressions = [
    ...(labelSelector.matchExpressions ?? []),
    ...own(matchLabelKeys, 'In'),
    ...own(mismatchLabelKeys, 'NotIn'),
  ];
  return { ...labelSelector, matchExpressions };
}
