import type { Node, Pod, PodTemplateSpec } from '@berth/kube/objects';
import { isTolerated, type LabelRequirement, matchesLabels, type Toleration } from '@berth/kube/selectors';

type Requirement = { key: string; operator: string; values?: string[] };

/** What a daemon puts up with on its node, whatever its template says: it is there to serve the node, well or ill. */
export const daemonTolerations: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];

/** Without a network of its own it also starts before the node's network is up. */
export function tolerationsOf({ spec }: PodTemplateSpec): Toleration[] {
  const network: Toleration[] = spec?.hostNetwork
    ? [{ key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' }]
    : [];
  const always = [...daemonTolerations, ...network];
  const isAmong = ({ key, operator = 'Equal', effect, value = '' }: Toleration) =>
    always.some((each) => each.key === key && each.operator === operator && each.effect === effect && value === '');
  return [...(spec?.tolerations ?? []).filter((each) => !isAmong(each)), ...always];
}

/** Whether the node may have the daemon: to `start` one no taint may repel it, to `stay` only those count that drive out. */
export function belongs(template: PodTemplateSpec, node: Node, purpose: 'start' | 'stay'): boolean {
  const { nodeName, nodeSelector = {}, affinity } = template.spec ?? {};
  if (nodeName && nodeName !== node.metadata.name) return false;
  const labels = node.metadata.labels ?? {};
  if (!Object.entries(nodeSelector).every(([key, value]) => labels[key] === value)) return false;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const fields = { 'metadata.name': node.metadata.name };
  const fits = terms?.some(
    ({ matchExpressions = [], matchFields = [] }) =>
      matchExpressions.length + matchFields.length > 0 &&
      matchesLabels(matchExpressions.map(requirementOf), labels) &&
      matchesLabels(matchFields.map(requirementOf), fields),
  );
  if (terms && !fits) return false;
  const tolerations = tolerationsOf(template);
  return (node.spec?.taints ?? []).every(
    (taint) =>
      taint.effect === 'PreferNoSchedule' ||
      (purpose === 'stay' && taint.effect !== 'NoExecute') ||
      isTolerated(taint, tolerations),
  );
}

function requirementOf({ key, operator, values = [] }: Requirement): LabelRequirement {
  return { key, operator: operator as LabelRequirement['operator'], values };
}

/** The node that a daemon's pod is on, or is meant for: until it is bound that stands in its affinity. */
export function nodeNameOf({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    const name = matchFields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In')?.values?.[0];
    if (name !== undefined) return name;
  }
  return undefined;
}
