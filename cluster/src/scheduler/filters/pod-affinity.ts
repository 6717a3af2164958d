import { type AffinityTerm, podsOfTerm } from '../affinity-terms.ts';
import type { Filter, NodeInfo, PodInfo, Snapshot } from '../types.ts';

/** The values of the term's topology key where a pod that it is about runs. */
function domainsOf(term: AffinityTerm, owner: PodInfo, snapshot: Snapshot): Set<string> {
  const concerns = podsOfTerm(term, owner.pod);
  const domains = new Set<string>();
  for (const node of snapshot.nodes) {
    const value = domain(node, term.topologyKey);
    if (value === undefined || domains.has(value)) continue;
    for (const { pod } of node.pods.values()) {
      if (pod.metadata.deletionTimestamp !== undefined || !concerns(pod)) continue;
      domains.add(value);
      break;
    }
  }
  return domains;
}

function domain({ node }: NodeInfo, topologyKey: string): string | undefined {
  return node.metadata.labels?.[topologyKey];
}

export const podAffinity: Filter = {
  name: 'InterPodAffinity',
  prepare(info, snapshot) {
    const required = info.pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    if (required.length === 0) return undefined;
    const terms = required.map((term) => ({
      key: term.topologyKey,
      domains: domainsOf(term, info, snapshot),
      self: podsOfTerm(term, info.pod)(info.pod),
    }));
    // The first of a group that wants to be together has nobody to join.
    const isFirst = terms.every(({ domains, self }) => domains.size === 0 && self);
    const refusal = { reason: "node(s) didn't match pod affinity rules", resolvable: false };
    return (node) => {
      const fits = terms.every(({ key, domains }) => {
        const value = domain(node, key);
        return value !== undefined && (isFirst || domains.has(value));
      });
      return fits ? undefined : refusal;
    };
  },
};

export const podAntiAffinity: Filter = {
  name: 'InterPodAffinity',
  prepare(info, snapshot) {
    const required = info.pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const forbidden = required.map((term) => ({ key: term.topologyKey, values: domainsOf(term, info, snapshot) }));
    const theirs = forbiddenByOthers(info, snapshot);
    if (forbidden.length === 0 && theirs.length === 0) return undefined;
    const own = { reason: "node(s) didn't match pod anti-affinity rules", resolvable: true };
    const others = { reason: "node(s) didn't satisfy existing pods anti-affinity rules", resolvable: true };
    return (node) => {
      const inside = ({ key, values }: { key: string; values: ReadonlySet<string> }) =>
        values.has(domain(node, key) ?? '');
      if (forbidden.some(inside)) return own;
      return theirs.some(inside) ? others : undefined;
    };
  },
};

/** Where pods that are there already will not have this one near. */
function forbiddenByOthers({ pod }: PodInfo, snapshot: Snapshot): { key: string; values: Set<string> }[] {
  const forbidden: { key: string; values: Set<string> }[] = [];
  for (const other of snapshot.withAntiAffinity) {
    const node = snapshot.nodeOf(other);
    if (!node) continue;
    const terms = other.pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const term of terms) {
      const value = domain(node, term.topologyKey);
      if (value !== undefined && podsOfTerm(term, other.pod)(pod)) {
        forbidden.push({ key: term.topologyKey, values: new Set([value]) });
      }
    }
  }
  return forbidden;
}
