/** `RuleWithOperations` and `NamedRuleWithOperations` of admissionregistration.k8s.io, with defaults applied. */
export interface Rule {
  operations?: readonly string[];
  apiGroups?: readonly string[];
  apiVersions?: readonly string[];
  resources?: readonly string[];
  scope?: string;
  /** Policies only: the names that the rule is for; none for all. */
  resourceNames?: readonly string[];
}

/** What a rule looks at. */
export interface Requested {
  operation: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  name: string;
  /** Whether the object is in a namespace. A Namespace itself is not. */
  isNamespaced: boolean;
}

/** Whether a rule is for the request. Source: `Rule` in Kubernetes' API reference. */
export function matchesRule(rule: Rule, request: Requested): boolean {
  return (
    matchesScope(rule.scope, request.isNamespaced) &&
    holds(rule.operations, request.operation) &&
    holds(rule.apiGroups, request.group) &&
    holds(rule.apiVersions, request.version) &&
    (rule.resources ?? []).some((resource) => matchesResource(resource, request)) &&
    (!rule.resourceNames || rule.resourceNames.length === 0 || rule.resourceNames.includes(request.name))
  );
}

function matchesScope(scope: string | undefined, isNamespaced: boolean): boolean {
  if (scope === undefined || scope === '*') return true;
  return scope === (isNamespaced ? 'Namespaced' : 'Cluster');
}

function holds(values: readonly string[] | undefined, wanted: string): boolean {
  return (values ?? []).some((value) => value === '*' || value === wanted);
}

/** `pods`, `pods/log`, `pods/*`, `*` (no subresources), `*` with a subresource, and both as `*`. */
function matchesResource(written: string, { resource, subresource }: Requested): boolean {
  const slash = written.indexOf('/');
  const name = slash < 0 ? written : written.slice(0, slash);
  const part = slash < 0 ? '' : written.slice(slash + 1);
  return (name === '*' || name === resource) && (part === '*' || part === subresource);
}
