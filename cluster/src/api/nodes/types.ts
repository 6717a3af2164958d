import type { Pod } from '@berth/kube/objects';

/** What something used in the time before a moment. */
export interface Use {
  /** The end of the time, in milliseconds since the epoch. */
  at: number;
  /** Its length in milliseconds. */
  window: number;
  /** Processor time over that time, in billionths of a processor. */
  cpuNanocores: number;
  /** Memory that cannot be taken back without harm, in bytes. */
  memoryBytes: number;
}

export interface PodUse extends Pick<Use, 'at' | 'window'> {
  containers: readonly (Pick<Use, 'cpuNanocores' | 'memoryBytes'> & { name: string })[];
}

/** An answer of a node's agent over HTTP. */
export interface NodeAnswer {
  code: number;
  type: string;
  body: string;
}

/** What the API server asks the agents of nodes, beside their pods. */
export interface NodeAccess {
  /** What the agent answers to a GET of `path`, query included, at its own port; undefined when it is not reached through here. */
  get(node: string, path: string): Promise<NodeAnswer> | undefined;
  /** What nodes have used lately; those are missing of which nothing is known yet. */
  nodeUse(names: readonly string[]): ReadonlyMap<string, Use>;
  /** Undefined while nothing is known. */
  podUse(pod: Pod): PodUse | undefined;
}

/** The nodes' side, which may be given after the server began to serve. */
export interface NodeAccessHolder {
  current: NodeAccess | undefined;
}
