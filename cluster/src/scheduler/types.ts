import type { Node, Pod } from '@berth/kube/objects';

/** Amounts by resource name: `cpu` in thousandths of a core, everything else in bytes or pieces. */
export type Amounts = Readonly<Record<string, number>>;

/** A pod as the scheduler counts it. */
export interface PodInfo {
  readonly pod: Pod;
  readonly requests: Amounts;
  /** As `requests`, but with a little for containers that ask for nothing: they use something all the same. */
  readonly estimated: { readonly cpu: number; readonly memory: number };
  readonly hostPorts: readonly HostPort[];
  /** The uid of its controller: what pods are spread by. */
  readonly owner: string | undefined;
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
  readonly pods: ReadonlyMap<string, PodInfo>;
  /** How many of an owner's pods are here. */
  readonly owners: ReadonlyMap<string, number>;
  /** Bytes by image name, as the node reports them. */
  readonly images: ReadonlyMap<string, number>;
}

export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  /** Whether any pod on any node has required anti-affinity terms: they bind those that come later too. */
  readonly withAntiAffinity: ReadonlySet<PodInfo>;
  nodeOf(pod: PodInfo): NodeInfo | undefined;
}

/** Why a node will not do. */
export interface Refusal {
  /** As `FailedScheduling` words it: `Insufficient cpu`. */
  reason: string;
  /** Whether the pod would fit if other pods were gone. */
  resolvable: boolean;
}

/**
 * One rule that a node must obey. `prepare` is called once for a pod; without an answer the rule has nothing to say about
 * it, else the answer is asked about each node: undefined is yes.
 */
export interface Filter {
  readonly name: string;
  prepare(pod: PodInfo, snapshot: Snapshot): ((node: NodeInfo) => Refusal | readonly Refusal[] | undefined) | undefined;
}

/**
 * One preference among the nodes that will do. Scores are 0 to 100; with `normalize` they are brought there: `highest` makes the
 * largest 100, `lowest` makes the largest 0.
 */
export interface Score {
  readonly name: string;
  readonly weight: number;
  readonly normalize?: 'highest' | 'lowest';
  prepare(pod: PodInfo, snapshot: Snapshot): ((node: NodeInfo) => number) | undefined;
}
