import { concernAll, concerns, type Term } from '../affinity-terms.ts';
import type { Check, ClusterChange, Filter, NodeInfo, PodInfo, Snapshot, Tally } from '../types.ts';

const missing = { reason: "node(s) didn't match pod affinity rules", resolvable: false };
const own = { reason: "node(s) didn't match pod anti-affinity rules", resolvable: true };
const theirs = { reason: "node(s) didn't satisfy existing pods anti-affinity rules", resolvable: true };

/** Pods by the value that their node has for a term's topology key. */
interface Domains {
  term: Term;
  counts: Map<string, number>;
}

/** Required affinity and anti-affinity to other pods: the pod's own, and that of the pods which are there. */
export const podAffinity: Filter = {
  name: 'InterPodAffinity',
  prepare(info, snapshot) {
    const { pod, terms } = info;
    const labelsOf = (name: string) => snapshot.namespaceLabels(name);
    const near = nearOthers(terms.required, snapshot);
    const far = terms.requiredAnti.map((term) => domainsOf(term, snapshot.tally(term), snapshot));
    const forbidden: Domains[] = [];
    for (const { term, nodes } of snapshot.repelling) {
      if (concerns(term, pod, labelsOf)) forbidden.push(domainsOf(term, nodes, snapshot));
    }
    if (near.length + far.length + forbidden.length === 0) return undefined;
    const mayBeFirst = concernAll(terms.required, pod, labelsOf);

    const check: Check = ({ node: { metadata } }) => {
      const { labels = {} } = metadata;
      if (near.length > 0) {
        if (near.some(({ term }) => labels[term.topologyKey] === undefined)) return missing;
        // The first of a group that wants to be together has nobody to join.
        const joins = near.every((domains) => countAt(domains, labels) > 0);
        if (!joins && !(mayBeFirst && near.every(({ counts }) => counts.size === 0))) return missing;
      }
      if (far.some((domains) => countAt(domains, labels) > 0)) return own;
      return forbidden.some((domains) => countAt(domains, labels) > 0) ? theirs : undefined;
    };
    return {
      check,
      count(other, node, by) {
        if (concernAll(terms.required, other.pod, labelsOf)) for (const domains of near) add(domains, node, by);
        for (const domains of far) if (concerns(domains.term, other.pod, labelsOf)) add(domains, node, by);
        for (const term of other.terms.requiredAnti) {
          if (!concerns(term, pod, labelsOf)) continue;
          let domains = forbidden.find((some) => some.term.key === term.key);
          if (!domains) {
            domains = { term, counts: new Map() };
            forbidden.push(domains);
          }
          add(domains, node, by);
        }
      },
    };
  },

  mayHelp(change, { terms, pod }) {
    // Labels of namespaces are not at hand here: whoever selects by them is tried at each change.
    const byNamespace = [...terms.required, ...terms.requiredAnti].some(({ namespaceSelector }) => namespaceSelector);
    const matches = (some: readonly Term[], other: PodInfo) =>
      byNamespace || concernAll(some, other.pod, () => undefined);
    switch (change.what) {
      case 'podPlaced':
        return matches(terms.required, change.pod);
      case 'podGone':
        return repelledBy(change.pod, pod) || terms.requiredAnti.some((term) => matches([term], change.pod));
      case 'podChanged':
        return true;
      case 'namespaceChanged':
        return byNamespace;
      default:
        return movesDomains(change, [...terms.required, ...terms.requiredAnti]);
    }
  },
};

/** Whether a pod that went had refused this one. */
function repelledBy(gone: PodInfo, pod: PodInfo['pod']): boolean {
  return gone.terms.requiredAnti.some((term) => term.namespaceSelector || concerns(term, pod, () => undefined));
}

function movesDomains(change: ClusterChange, terms: readonly Term[]): boolean {
  if (change.what === 'nodeAdded') return true;
  if (change.what !== 'nodeChanged') return false;
  const { before, node } = change;
  // Terms of others count as well, whatever their keys are.
  if (terms.length === 0) return JSON.stringify(before.metadata.labels) !== JSON.stringify(node.metadata.labels);
  return terms.some(({ topologyKey: key }) => before.metadata.labels?.[key] !== node.metadata.labels?.[key]);
}

/** Where pods are that all the terms together are about: affinity seeks one pod that satisfies every term. */
function nearOthers(terms: readonly Term[], snapshot: Snapshot): Domains[] {
  const [first, ...rest] = terms;
  if (!first) return [];
  if (rest.length === 0) return [domainsOf(first, snapshot.tally(first), snapshot)];
  const together = new Map<string, number>();
  const labelsOf = (name: string) => snapshot.namespaceLabels(name);
  for (const name of snapshot.tally(first).keys()) {
    let count = 0;
    for (const { pod } of snapshot.node(name)?.pods.values() ?? []) if (concernAll(terms, pod, labelsOf)) count++;
    if (count > 0) together.set(name, count);
  }
  return terms.map((term) => domainsOf(term, together, snapshot));
}

function domainsOf(term: Term, tally: Tally, snapshot: Snapshot): Domains {
  const counts = new Map<string, number>();
  for (const [name, count] of tally) {
    const value = snapshot.node(name)?.node.metadata.labels?.[term.topologyKey];
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + count);
  }
  return { term, counts };
}

function countAt({ term, counts }: Domains, labels: Readonly<Record<string, string>>): number {
  const value = labels[term.topologyKey];
  return value === undefined ? 0 : (counts.get(value) ?? 0);
}

function add({ term, counts }: Domains, { node }: NodeInfo, by: number): void {
  const value = node.metadata.labels?.[term.topologyKey];
  if (value === undefined) return;
  const count = (counts.get(value) ?? 0) + by;
  if (count === 0) counts.delete(value);
  else counts.set(value, count);
}
