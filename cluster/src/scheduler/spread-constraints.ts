import type { Pod, PodSpec } from '@berth/kube/objects';
import { isTolerated, labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { makeTerm, type Term, withLabelKeys } from './affinity-terms.ts';
import { requiredNodes } from './node-selectors.ts';
import type { NodeInfo, Snapshot, Tally } from './types.ts';

type Constraint = NonNullable<PodSpec['topologySpreadConstraints']>[number];

/** A constraint of `topologySpreadConstraints`, ready to be counted by. */
export interface Spread {
  topologyKey: string;
  maxSkew: number;
  minDomains: number;
  term: Term;
  /** Whether the pod itself is one of those that are spread. */
  self: boolean;
  /** The pods on each node that are spread, none of them being deleted. */
  tally: Tally;
  /** Whether a node's domain counts: by default one that the pod's node affinity allows, tainted or not. */
  isEligible(node: NodeInfo): boolean;
}

/** The constraints of one kind that a pod carries. Source: "Pod Topology Spread Constraints" of the Kubernetes documentation. */
export function spreadsOf(pod: Pod, action: Constraint['whenUnsatisfiable'], snapshot: Snapshot): Spread[] {
  const constraints = pod.spec?.topologySpreadConstraints ?? [];
  return constraints
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
    .map((constraint) => {
      const { topologyKey, maxSkew, minDomains = 1 } = constraint;
      const selector = constraint.labelSelector && labelSelectorOf(withLabelKeys(constraint, pod) ?? {});
      return makeSpread({ topologyKey, maxSkew, minDomains, selector, pod, snapshot, constraint });
    });
}

/** What kube-scheduler spreads by when a pod says nothing: nodes, then zones, among the pods that belong together. */
export function defaultSpreads(pod: Pod, snapshot: Snapshot): Spread[] {
  const selector = snapshot.defaultSelector(pod);
  if (!selector) return [];
  const common = { minDomains: 1, selector, pod, snapshot };
  return [
    makeSpread({ topologyKey: hostname, maxSkew: 3, ...common }),
    makeSpread({ topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5, ...common }),
  ];
}

export const hostname = 'kubernetes.io/hostname';

function makeSpread(parts: {
  topologyKey: string;
  maxSkew: number;
  minDomains: number;
  selector: Term['selector'];
  pod: Pod;
  snapshot: Snapshot;
  constraint?: Constraint;
}): Spread {
  const { topologyKey, maxSkew, minDomains, selector, pod, snapshot, constraint } = parts;
  const term = makeTerm({ topologyKey, selector, namespaces: [pod.metadata.namespace ?? ''] });
  const self = selector !== undefined && matchesLabels(selector, pod.metadata.labels);
  // As in Kubernetes, an empty selector counts nobody.
  const tally: Tally = selector === undefined || selector.length === 0 ? new Map() : snapshot.lastingTally(term);
  return { topologyKey, maxSkew, minDomains, term, self, tally, isEligible: eligibility(pod, constraint) };
}

function eligibility(pod: Pod, constraint: Constraint | undefined): (node: NodeInfo) => boolean {
  const required = constraint?.nodeAffinityPolicy === 'Ignore' ? undefined : requiredNodes(pod.spec);
  const honorTaints = constraint?.nodeTaintsPolicy === 'Honor';
  if (!required && !honorTaints) return () => true;
  const tolerations = pod.spec?.tolerations ?? [];
  return ({ node }) => {
    if (required && !required(node)) return false;
    if (!honorTaints) return true;
    const repelling = (node.spec?.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule');
    return repelling.every((taint) => isTolerated(taint, tolerations));
  };
}

/** Whether a node has a value for each constraint's topology key. */
export function hasAllKeys({ node }: NodeInfo, spreads: readonly Spread[]): boolean {
  const labels = node.metadata.labels ?? {};
  return spreads.every(({ topologyKey }) => labels[topologyKey] !== undefined);
}
