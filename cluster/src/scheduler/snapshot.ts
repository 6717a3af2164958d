import type { Node } from '@berth/kube/objects';
import { amountsOf, minus, plus } from './requests.ts';
import type { Amounts, NodeInfo, PodInfo, Snapshot } from './types.ts';

interface MutableNode {
  name: string;
  node: Node;
  allocatable: Amounts;
  requested: Amounts;
  estimated: { cpu: number; memory: number };
  pods: Map<string, PodInfo>;
  owners: Map<string, number>;
  images: Map<string, number>;
}

/** The cluster as the scheduler counts it, changed bit by bit as nodes and pods change: never built anew. */
export class ClusterState implements Snapshot {
  readonly #nodes = new Map<string, MutableNode>();
  /** Pods whose node is not there (yet), by the node's name. */
  readonly #homeless = new Map<string, Map<string, PodInfo>>();
  readonly #whereabouts = new Map<string, string>();
  readonly withAntiAffinity = new Set<PodInfo>();
  #list: readonly NodeInfo[] | undefined;

  get nodes(): readonly NodeInfo[] {
    this.#list ??= [...this.#nodes.values()];
    return this.#list;
  }

  nodeOf(pod: PodInfo): NodeInfo | undefined {
    return this.#nodes.get(this.#whereabouts.get(uidOf(pod)) ?? '');
  }

  setNode(node: Node): void {
    const { name } = node.metadata;
    const allocatable = amountsOf(node.status?.allocatable ?? node.status?.capacity);
    const images = new Map<string, number>();
    for (const { names = [], sizeBytes = 0 } of node.status?.images ?? []) {
      for (const image of names) images.set(image, sizeBytes);
    }
    const present = this.#nodes.get(name);
    if (present) {
      Object.assign(present, { node, allocatable, images });
      return;
    }
    this.#nodes.set(name, {
      name,
      node,
      allocatable,
      requested: {},
      estimated: { cpu: 0, memory: 0 },
      pods: new Map(),
      owners: new Map(),
      images,
    });
    this.#list = undefined;
    for (const pod of this.#homeless.get(name)?.values() ?? []) this.#place(pod, name);
    this.#homeless.delete(name);
  }

  removeNode(name: string): void {
    const node = this.#nodes.get(name);
    if (!node) return;
    this.#nodes.delete(name);
    this.#list = undefined;
    if (node.pods.size > 0) this.#homeless.set(name, node.pods);
  }

  /** The pod runs, or is to run, on this node; wherever it was before. */
  setPod(pod: PodInfo, nodeName: string): void {
    this.removePod(pod);
    this.#whereabouts.set(uidOf(pod), nodeName);
    if (hasAntiAffinity(pod)) this.withAntiAffinity.add(pod);
    if (this.#nodes.has(nodeName)) {
      this.#place(pod, nodeName);
      return;
    }
    const homeless = this.#homeless.get(nodeName) ?? new Map<string, PodInfo>();
    this.#homeless.set(nodeName, homeless.set(uidOf(pod), pod));
  }

  removePod(pod: PodInfo): void {
    const uid = uidOf(pod);
    const name = this.#whereabouts.get(uid);
    if (name === undefined) return;
    this.#whereabouts.delete(uid);
    const node = this.#nodes.get(name);
    const counted = node?.pods.get(uid) ?? this.#homeless.get(name)?.get(uid);
    if (!counted) return;
    this.withAntiAffinity.delete(counted);
    this.#homeless.get(name)?.delete(uid);
    if (!node) return;
    node.pods.delete(uid);
    node.requested = minus(node.requested, counted.requests);
    node.estimated.cpu -= counted.estimated.cpu;
    node.estimated.memory -= counted.estimated.memory;
    if (counted.owner !== undefined) {
      const left = (node.owners.get(counted.owner) ?? 0) - 1;
      if (left > 0) node.owners.set(counted.owner, left);
      else node.owners.delete(counted.owner);
    }
  }

  #place(pod: PodInfo, name: string): void {
    const node = this.#nodes.get(name);
    if (!node) return;
    node.pods.set(uidOf(pod), pod);
    node.requested = plus(node.requested, pod.requests);
    node.estimated.cpu += pod.estimated.cpu;
    node.estimated.memory += pod.estimated.memory;
    if (pod.owner !== undefined) node.owners.set(pod.owner, (node.owners.get(pod.owner) ?? 0) + 1);
  }
}

function uidOf({ pod }: PodInfo): string {
  return pod.metadata.uid ?? `${pod.metadata.namespace}/${pod.metadata.name}`;
}

function hasAntiAffinity({ pod }: PodInfo): boolean {
  const { requiredDuringSchedulingIgnoredDuringExecution: terms = [] } = pod.spec?.affinity?.podAntiAffinity ?? {};
  return terms.length > 0;
}
