import { concerns, type NamespaceLabels, type Term } from './affinity-terms.ts';
import type { PodInfo, StandingTerm, Tally } from './types.ts';

/** Questions that nobody asked for so many others are forgotten. */
const mostTallies = 256;

interface Kept {
  term: Term;
  lasting: boolean;
  nodes: Map<string, number>;
}

/** A pod and the node it has. */
export interface Placed {
  pod: PodInfo;
  nodeName: string;
}

/**
 * How many pods of a kind are on each node, counted once for each kind that is asked about and then kept up to date pod by pod, so that
 * the next pod of a workload costs nothing that grows with the number of pods.
 */
export class Tallies {
  readonly #kept = new Map<string, Kept>();
  readonly #namespaceLabels: NamespaceLabels;

  constructor(namespaceLabels: NamespaceLabels) {
    this.#namespaceLabels = namespaceLabels;
  }

  /** `all` is what is counted when the question is new. `lasting` leaves out the pods that are being deleted. */
  of(term: Term, lasting: boolean, all: Iterable<Placed>): Tally {
    const key = `${lasting}${term.key}`;
    const present = this.#kept.get(key);
    if (present) {
      // The one asked last is forgotten last.
      this.#kept.delete(key);
      this.#kept.set(key, present);
      return present.nodes;
    }
    const kept: Kept = { term, lasting, nodes: new Map() };
    for (const { pod, nodeName } of all) this.#count(kept, pod, nodeName, 1);
    this.#kept.set(key, kept);
    if (this.#kept.size > mostTallies) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    return kept.nodes;
  }

  count(pod: PodInfo, nodeName: string, by: 1 | -1): void {
    for (const kept of this.#kept.values()) this.#count(kept, pod, nodeName, by);
  }

  /** The labels of a namespace are not what they were: what was asked by such labels is counted anew. */
  forgetNamespaces(): void {
    for (const [key, { term }] of this.#kept) if (term.namespaceSelector) this.#kept.delete(key);
  }

  #count({ term, lasting, nodes }: Kept, { pod }: PodInfo, nodeName: string, by: 1 | -1): void {
    if (lasting && pod.metadata.deletionTimestamp !== undefined) return;
    if (concerns(term, pod, this.#namespaceLabels)) add(nodes, nodeName, by);
  }
}

interface MutableStanding extends StandingTerm {
  readonly nodes: Map<string, number>;
}

/** The terms of the pods that have nodes; pods of one workload share theirs. */
export class StandingTerms {
  readonly #terms = new Map<string, MutableStanding>();

  count(terms: Iterable<{ term: Term; weight: number }>, nodeName: string, by: 1 | -1): void {
    for (const { term, weight } of terms) {
      const key = `${weight} ${term.key}`;
      let standing = this.#terms.get(key);
      if (!standing) {
        standing = { term, weight, nodes: new Map() };
        this.#terms.set(key, standing);
      }
      add(standing.nodes, nodeName, by);
      if (standing.nodes.size === 0) this.#terms.delete(key);
    }
  }

  [Symbol.iterator](): Iterator<StandingTerm> {
    return this.#terms.values();
  }
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
