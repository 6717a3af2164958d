/** How much of a request is recorded, each including the one before. */
export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof levels)[number];

/** The moments of a request at which an event may be made of it. */
export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof stages)[number];

/** `audit.k8s.io/v1` GroupResources: some resources of one API group; all of them when none is named. */
export interface GroupResources {
  /** '' is the core group. */
  group: string;
  /** `pods`, `pods/log`, `pods/*`, `*` + `/scale`, `*`. */
  resources: readonly string[];
  resourceNames: readonly string[];
}

/** `audit.k8s.io/v1` PolicyRule. An empty list does not narrow the rule. */
export interface Rule {
  level: Level;
  users: readonly string[];
  userGroups: readonly string[];
  verbs: readonly string[];
  resources: readonly GroupResources[];
  /** '' stands for what has no namespace. */
  namespaces: readonly string[];
  nonResourceURLs: readonly string[];
  omitStages: readonly Stage[];
  /** Default: the policy's. */
  omitManagedFields?: boolean;
}

/** `audit.k8s.io/v1` Policy: the first rule that fits a request says how much of it is recorded; nothing when none does. */
export interface Policy {
  rules: readonly Rule[];
  omitStages: readonly Stage[];
  omitManagedFields: boolean;
}

interface Asking {
  /** Absent of a request whose sender is not known. */
  user?: { name: string; groups: readonly string[] } | undefined;
  verb: string;
}

/** What rules look at. */
export type AuditedRequest = Asking &
  ({ path: string } | { group: string; resource: string; subresource: string; namespace: string; name: string });

/** What is to be recorded of a request. */
export interface Scope {
  level: Level;
  omitStages: ReadonlySet<Stage>;
  omitManagedFields: boolean;
}
