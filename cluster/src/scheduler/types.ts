import type { Node, Pod } from '@berth/kube/objects';
import type { PlacementTerms, Term } from './affinity-terms.ts';
import type { StorageView } from './volumes/index.ts';

/** Amounts by resource name: `cpu` in thousandths of a core, everything else in bytes or pieces. */
export type Amounts = Readonly<Record<string, number>>;

/** A pod as the scheduler counts it. */
export interface PodInfo {
  readonly pod: Pod;
  readonly requests: Amounts;
  /** As `requests`, but with a little for containers that ask for nothing: they use something all the same. */
  readonly estimated: { readonly cpu: number; readonly memory: number };
  readonly hostPorts: readonly HostPort[];
  readonly terms: PlacementTerms;
  readonly priority: number;
}

export interface HostPort {
  ip: string;
  protocol: string;
  port: number;
}

/** A node and what is on it, decisions that are not yet confirmed included. */
export interface NodeInfo {
  readonly name: string;
  readonly node: Node;
  readonly allocatable: Amounts;
  readonly requested: Amounts;
  readonly estimated: { readonly cpu: number; readonly memory: number };
  /** By uid. */
  readonly pods: ReadonlyMap<string, PodInfo>;
  /** Bytes by image name, as the node reports them. */
  readonly images: ReadonlyMap<string, number>;
}

/** How many of the pods that something is about run on each node, by the node's name; nodes with none are absent. */
export type Tally = ReadonlyMap<string, number>;

/** A term that pods which have a node already put to the others, with how often it is put on each node. */
export interface StandingTerm {
  readonly term: Term;
  readonly weight: number;
  readonly nodes: Tally;
}

export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  /** How many pods of these namespaces and labels each node has; kept up to date from the first question on. */
  tally(term: Term): Tally;
  /** As `tally`, without the pods that are being deleted. */
  lastingTally(term: Term): Tally;
  /** Required anti-affinity of the pods that have a node. */
  readonly repelling: Iterable<StandingTerm>;
  /** Affinity of the pods that have a node, required (with weight 1) and preferred (repelling ones below zero). */
  readonly attracting: Iterable<StandingTerm>;
  /** On how many nodes an image is. */
  imageSpread(name: string): number;
  /** A namespace's labels. */
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined;
  /** What the Services and the controller of a pod select it by, together; undefined when there is none. */
  defaultSelector(pod: Pod): Term['selector'] | undefined;
  /** Pods that wait for victims to leave this node. */
  nominated(node: string): readonly PodInfo[];
  /** Claims and volumes. */
  readonly storage: StorageView;
}

/** Why a node will not do. */
export interface Refusal {
  /** As `FailedScheduling` words it: `Insufficient cpu`. */
  reason: string;
  /** Whether the pod would fit if other pods were gone. */
  resolvable: boolean;
}

/** The answer of a rule about one node: undefined is yes. */
export type Check = (node: NodeInfo) => Refusal | readonly Refusal[] | undefined;

/** A rule made ready for one pod. */
export interface Prepared {
  readonly check: Check;
  /** The names of the only nodes that come into question. */
  readonly only?: ReadonlySet<string>;
  /** Why no node whatsoever will do. */
  readonly hopeless?: string;
  /** Counts as if one pod more (`by` 1) or less (-1) were on the node: preemption is tried out like this, and taken back. */
  count?(pod: PodInfo, node: NodeInfo, by: 1 | -1): void;
}

/** What happened in the cluster that a pod may have waited for. */
export type ClusterChange =
  | { what: 'podPlaced' | 'podGone'; pod: PodInfo; nodeName: string }
  | { what: 'podChanged'; before: PodInfo; pod: PodInfo }
  | { what: 'nodeAdded'; node: Node }
  | { what: 'nodeChanged'; before: Node; node: Node }
  | { what: 'nodeGone'; node: Node }
  | { what: 'namespaceChanged' }
  | { what: 'storageChanged' };

/**
 * One rule that a node must obey. `prepare` is called once for a pod; without an answer the rule has nothing to say about
 * it, else the answer is asked about each node.
 */
export interface Filter {
  readonly name: string;
  prepare(pod: PodInfo, snapshot: Snapshot): Check | Prepared | undefined;
  /** Whether a change may let a pod pass that this rule has refused; without it every change may. */
  mayHelp?(change: ClusterChange, pod: PodInfo): boolean;
}

/**
 * One preference among the nodes that will do. Scores are whole numbers from 0 to 100; with `normalize` they are brought there:
 * `highest` makes the largest 100, `lowest` makes the largest 0, a function does it in its own way.
 */
export interface Score {
  readonly name: string;
  readonly weight: number;
  prepare(pod: PodInfo, snapshot: Snapshot, candidates: readonly NodeInfo[]): PreparedScore | undefined;
}

export interface PreparedScore {
  score(node: NodeInfo): number;
  normalize?: 'highest' | 'lowest' | ((scores: Float64Array, candidates: readonly NodeInfo[]) => void);
}
