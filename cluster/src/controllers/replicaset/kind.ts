import { type ReplicaSet, type ReplicationController, type Resource, resources } from '@berth/kube/objects';
import { type LabelSelector, labelSelectorOf } from '@berth/kube/selectors';

/** What keeps a number of pods: the newer ReplicaSet, and the ReplicationController that it came from. */
export type ReplicaOwner = ReplicaSet | ReplicationController;

/** In what the two kinds differ. */
export interface ReplicaKind<T extends ReplicaOwner = ReplicaOwner> {
  controller: string;
  resource: Resource<T>;
  /** Whether its status counts pods that are being deleted. */
  countsTerminating: boolean;
  selectorOf(owner: T): LabelSelector | undefined;
}

export const replicaSets: ReplicaKind<ReplicaSet> = {
  controller: 'replicaset-controller',
  resource: resources.replicaSets,
  countsTerminating: true,
  selectorOf: (set) => labelSelectorOf(set.spec?.selector),
};

export const replicationControllers: ReplicaKind<ReplicationController> = {
  controller: 'replication-controller',
  resource: resources.replicationControllers,
  countsTerminating: false,
  selectorOf: ({ spec }) => labelSelectorOf(spec?.selector ? { matchLabels: spec.selector } : undefined),
};
