import type { KubeObject, Resource } from '@berth/kube/objects';

const group = { group: 'flowcontrol.apiserver.k8s.io', version: 'v1', namespaced: false } as const;

export const schemaResource: Resource<FlowSchema> = { ...group, resource: 'flowschemas', kind: 'FlowSchema' };
export const levelResource: Resource<PriorityLevel> = {
  ...group,
  resource: 'prioritylevelconfigurations',
  kind: 'PriorityLevelConfiguration',
};

export interface Subject {
  kind: string;
  user?: { name: string };
  group?: { name: string };
  serviceAccount?: { namespace: string; name: string };
}

export interface ResourceRule {
  verbs: readonly string[];
  apiGroups: readonly string[];
  resources: readonly string[];
  clusterScope?: boolean;
  namespaces?: readonly string[];
}

export interface NonResourceRule {
  verbs: readonly string[];
  nonResourceURLs: readonly string[];
}

export interface PolicyRule {
  subjects: readonly Subject[];
  resourceRules?: readonly ResourceRule[];
  nonResourceRules?: readonly NonResourceRule[];
}

export interface FlowSchemaSpec {
  priorityLevelConfiguration: { name: string };
  matchingPrecedence: number;
  distinguisherMethod?: { type: 'ByUser' | 'ByNamespace' };
  rules?: readonly PolicyRule[];
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface FlowSchema extends KubeObject {
  spec: FlowSchemaSpec;
  status?: { conditions?: readonly Condition[] };
}

export interface Queuing {
  queues: number;
  handSize: number;
  queueLengthLimit: number;
}

export interface PriorityLevelSpec {
  type: 'Exempt' | 'Limited';
  limited?: {
    nominalConcurrencyShares: number;
    lendablePercent?: number;
    borrowingLimitPercent?: number;
    limitResponse: { type: 'Reject' | 'Queue'; queuing?: Queuing };
  };
  exempt?: { nominalConcurrencyShares?: number; lendablePercent?: number };
}

export interface PriorityLevel extends KubeObject {
  spec: PriorityLevelSpec;
}

/** What a request is told apart by. */
export interface Digest {
  user: { name: string; groups: readonly string[] };
  /** Of what is no resource: the HTTP method in lower case. */
  verb: string;
  path: string;
  /** What follows is '' otherwise. */
  isResource: boolean;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  /** '' where there is none, or all are meant. */
  namespace: string;
  /** '' when more than one object may be meant. */
  name: string;
}
