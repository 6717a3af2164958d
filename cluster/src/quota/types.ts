import type { KubeObject, Resource } from '@berth/kube/objects';
import type { Quantity } from '@berth/kube/quantity';

/** Exact amounts by the name that a quota gives them: `requests.cpu`, `count/deployments.apps`. */
export type Usage = Readonly<Record<string, Quantity>>;

export interface ScopeRequirement {
  scopeName: string;
  operator: string;
  values?: readonly string[];
}

export interface ResourceQuota extends KubeObject {
  spec?: {
    hard?: Record<string, string>;
    scopes?: readonly string[];
    scopeSelector?: { matchExpressions?: readonly ScopeRequirement[] };
  };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

export const resourceQuotas: Resource<ResourceQuota> = {
  group: '',
  version: 'v1',
  resource: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};

/** A creation or an update that may use more. */
export interface Write {
  operation: 'CREATE' | 'UPDATE';
  /** '' when it is of the object itself. */
  subresource: string;
  object: KubeObject;
  /** What is replaced. */
  old: KubeObject | undefined;
}

/** How objects of one resource use up quotas. */
export interface Evaluator {
  resource: { group: string; resource: string };
  /** Whether objects of the resource use what has this name. */
  tracks(name: string): boolean;
  /** `now`: milliseconds since the epoch. */
  usageOf(object: KubeObject, now: number): Usage;
  /** Whether the object is one that the scope is about. */
  isInScope(object: KubeObject, scope: ScopeRequirement): boolean;
  /** Whether a write can change what is used. */
  isConcerned(write: Write): boolean;
  /** What the object has to say to be counted and does not, of these names, in Kubernetes' words; undefined: nothing. */
  missing?(object: KubeObject, names: readonly string[]): string | undefined;
}
