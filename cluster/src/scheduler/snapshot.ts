import { controllerOf, type KubeObject, type Node, type Pod, type Service } from '@berth/kube/objects';
import { amountsOf, minus, plus } from '@berth/kube/pods';
import { type LabelSelector, type LabelSelectorObject, labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import type { Term } from './affinity-terms.ts';
import { type Placed, StandingTerms, Tallies } from './tallies.ts';
import type { Amounts, NodeInfo, PodInfo, Snapshot, StandingTerm, Tally } from './types.ts';
import { noStorage, type StorageView } from './volumes/index.ts';

interface MutableNode {
  name: string;
  node: Node;
  allocatable: Amounts;
  requested: Amounts;
  estimated: { cpu: number; memory: number };
  pods: Map<string, PodInfo>;
  images: Map<string, number>;
}

/** A workload that selects its pods. */
export type Selecting = KubeObject & { spec?: { selector?: unknown } };

/** The cluster as the scheduler counts it, changed bit by bit as nodes and pods change: never built anew. */
export class ClusterState implements Snapshot {
  readonly #nodes = new Map<string, MutableNode>();
  /** Every pod that has a node, also one that is not there (yet), by uid. */
  readonly #placed = new Map<string, Placed>();
  readonly #homeless = new Map<string, Map<string, PodInfo>>();
  readonly #nominated = new Map<string, Map<string, PodInfo>>();
  readonly #imageSpread = new Map<string, number>();
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly #services = new Map<string, Map<string, Record<string, string>>>();
  readonly #owners = new Map<string, LabelSelector>();
  readonly #tallies = new Tallies((name) => this.#namespaces.get(name));
  readonly #repelling = new StandingTerms();
  readonly #attracting = new StandingTerms();
  readonly storage: StorageView;
  #list: readonly NodeInfo[] | undefined;

  constructor(storage: StorageView = noStorage) {
    this.storage = storage;
  }

  get nodes(): readonly NodeInfo[] {
    this.#list ??= inTurnsOfZones([...this.#nodes.values()]);
    return this.#list;
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  get repelling(): Iterable<StandingTerm> {
    return this.#repelling;
  }

  get attracting(): Iterable<StandingTerm> {
    return this.#attracting;
  }

  tally(term: Term): Tally {
    return this.#tallies.of(term, false, this.#placed.values());
  }

  lastingTally(term: Term): Tally {
    return this.#tallies.of(term, true, this.#placed.values());
  }

  imageSpread(name: string): number {
    return this.#imageSpread.get(name) ?? 0;
  }

  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined {
    return this.#namespaces.get(name);
  }

  defaultSelector(pod: Pod): LabelSelector | undefined {
    const { namespace = '', labels } = pod.metadata;
    const selecting: Record<string, string> = {};
    for (const selector of this.#services.get(namespace)?.values() ?? []) {
      if (matchesLabels(equalities(selector), labels)) Object.assign(selecting, selector);
    }
    const owner = controllerOf(pod);
    const ofOwner = owner ? this.#owners.get(`${owner.kind}/${namespace}/${owner.name}`) : undefined;
    const selector = [...equalities(selecting), ...(ofOwner ?? [])];
    return selector.length > 0 ? selector : undefined;
  }

  nominated(node: string): readonly PodInfo[] {
    const pods = this.#nominated.get(node);
    return pods ? [...pods.values()] : none;
  }

  setNamespace(name: string, labels: Readonly<Record<string, string>> | undefined): void {
    if (labels) this.#namespaces.set(name, labels);
    else this.#namespaces.delete(name);
    this.#tallies.forgetNamespaces();
  }

  setService({ metadata, spec }: Service, isThere: boolean): void {
    const { namespace = '', name } = metadata;
    const services = this.#services.get(namespace) ?? new Map<string, Record<string, string>>();
    // A Service without a selector selects nothing.
    if (isThere && spec?.selector && Object.keys(spec.selector).length > 0) services.set(name, spec.selector);
    else services.delete(name);
    this.#services.set(namespace, services);
  }

  /** A ReplicationController, ReplicaSet or StatefulSet: its pods are spread when they say nothing of it. */
  setOwner(kind: string, { metadata, spec }: Selecting, isThere: boolean): void {
    const key = `${kind}/${metadata.namespace}/${metadata.name}`;
    const selector = spec?.selector as LabelSelectorObject | Record<string, string> | undefined;
    if (!isThere || !selector) this.#owners.delete(key);
    else {
      const plain = kind === 'ReplicationController';
      const labels = plain ? equalities(selector as Record<string, string>) : labelSelectorOf(selector as object);
      if (labels) this.#owners.set(key, labels);
    }
  }

  /** The pod waits for room on this node, or for none any more. */
  nominate(pod: PodInfo, nodeName: string | undefined): void {
    const uid = uidOf(pod);
    for (const [name, pods] of this.#nominated) if (pods.delete(uid) && pods.size === 0) this.#nominated.delete(name);
    if (!nodeName) return;
    const pods = this.#nominated.get(nodeName) ?? new Map<string, PodInfo>();
    this.#nominated.set(nodeName, pods.set(uid, pod));
  }

  setNode(node: Node): void {
    const { name } = node.metadata;
    const allocatable = amountsOf(node.status?.allocatable ?? node.status?.capacity);
    const images = new Map<string, number>();
    for (const { names = [], sizeBytes = 0 } of node.status?.images ?? []) {
      for (const image of names) images.set(image, sizeBytes);
    }
    const present = this.#nodes.get(name);
    this.#spread(present?.images.keys() ?? [], -1);
    this.#spread(images.keys(), 1);
    if (present) {
      if (zoneOf(present.node) !== zoneOf(node)) this.#list = undefined;
      Object.assign(present, { node, allocatable, images });
      return;
    }
    const estimated = { cpu: 0, memory: 0 };
    this.#nodes.set(name, { name, node, allocatable, requested: {}, estimated, pods: new Map(), images });
    this.#list = undefined;
    for (const pod of this.#homeless.get(name)?.values() ?? []) this.#place(pod, name);
    this.#homeless.delete(name);
  }

  removeNode(name: string): void {
    const node = this.#nodes.get(name);
    if (!node) return;
    this.#spread(node.images.keys(), -1);
    this.#nodes.delete(name);
    this.#list = undefined;
    if (node.pods.size > 0) this.#homeless.set(name, node.pods);
  }

  /** The pod runs, or is to run, on this node; wherever it was before. */
  setPod(pod: PodInfo, nodeName: string): void {
    this.removePod(pod);
    this.#placed.set(uidOf(pod), { pod, nodeName });
    this.#count(pod, nodeName, 1);
    if (this.#nodes.has(nodeName)) {
      this.#place(pod, nodeName);
      return;
    }
    const homeless = this.#homeless.get(nodeName) ?? new Map<string, PodInfo>();
    this.#homeless.set(nodeName, homeless.set(uidOf(pod), pod));
  }

  removePod(pod: PodInfo): void {
    const uid = uidOf(pod);
    const placed = this.#placed.get(uid);
    if (!placed) return;
    const { nodeName, pod: counted } = placed;
    this.#placed.delete(uid);
    this.#count(counted, nodeName, -1);
    const homeless = this.#homeless.get(nodeName);
    if (homeless?.delete(uid) && homeless.size === 0) this.#homeless.delete(nodeName);
    const node = this.#nodes.get(nodeName);
    if (!node?.pods.delete(uid)) return;
    node.requested = minus(node.requested, counted.requests);
    node.estimated.cpu -= counted.estimated.cpu;
    node.estimated.memory -= counted.estimated.memory;
  }

  /** The newer state of a pod that has a node, when nothing of it changed that is counted. */
  refresh(pod: Pod): void {
    const placed = this.#placed.get(pod.metadata.uid ?? '');
    if (!placed) return;
    const { nodeName } = placed;
    const info = { ...placed.pod, pod };
    this.#placed.set(uidOf(info), { pod: info, nodeName });
    const homes = this.#nodes.get(nodeName)?.pods ?? this.#homeless.get(nodeName);
    homes?.set(uidOf(info), info);
  }

  /** What is known of a pod that has a node, and which it is. */
  placed(uid: string): Placed | undefined {
    return this.#placed.get(uid);
  }

  #place(pod: PodInfo, name: string): void {
    const node = this.#nodes.get(name);
    if (!node) return;
    node.pods.set(uidOf(pod), pod);
    node.requested = plus(node.requested, pod.requests);
    node.estimated.cpu += pod.estimated.cpu;
    node.estimated.memory += pod.estimated.memory;
  }

  #count(pod: PodInfo, nodeName: string, by: 1 | -1): void {
    this.#tallies.count(pod, nodeName, by);
    const { required, requiredAnti, preferred } = pod.terms;
    if (requiredAnti.length > 0) this.#repelling.count(hard(requiredAnti), nodeName, by);
    if (required.length > 0) this.#attracting.count(hard(required), nodeName, by);
    if (preferred.length > 0) this.#attracting.count(preferred, nodeName, by);
  }

  #spread(images: Iterable<string>, by: 1 | -1): void {
    for (const image of images) {
      const count = (this.#imageSpread.get(image) ?? 0) + by;
      if (count > 0) this.#imageSpread.set(image, count);
      else this.#imageSpread.delete(image);
    }
  }
}

const none: readonly PodInfo[] = [];

/** Kubernetes gives a required affinity term of others the weight 1. */
const hard = (terms: readonly Term[]) => terms.map((term) => ({ term, weight: 1 }));

const equalities = (labels: Readonly<Record<string, string>>): LabelSelector =>
  Object.entries(labels).map(([key, value]) => ({ key, operator: 'In', values: [value] }));

const zoneOf = ({ metadata: { labels } }: Node): string =>
  `${labels?.['topology.kubernetes.io/region'] ?? ''}/${labels?.['topology.kubernetes.io/zone'] ?? ''}`;

/** One of each zone after the other, so that the part of a large cluster that is asked has nodes of all its zones. */
function inTurnsOfZones(nodes: readonly NodeInfo[]): readonly NodeInfo[] {
  const zones = Map.groupBy(nodes, ({ node }) => zoneOf(node));
  if (zones.size <= 1) return nodes;
  const lists = [...zones.values()];
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list[at] ?? [])).flat();
}

export function uidOf({ pod }: PodInfo): string {
  return pod.metadata.uid ?? `${pod.metadata.namespace}/${pod.metadata.name}`;
}
