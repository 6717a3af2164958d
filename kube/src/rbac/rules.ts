/** What is asked for of a resource, as in a SubjectAccessReview. */
export interface ResourceAttributes {
  verb: string;
  group: string;
  resource: string;
  /** '' for the object itself. */
  subresource: string;
  /** '' at the cluster scope. */
  namespace: string;
  /** '' for none in particular. */
  name: string;
}

export interface PathAttributes {
  verb: string;
  path: string;
}

/** `rbac/v1` PolicyRule. */
export interface Rule {
  verbs: readonly string[];
  apiGroups?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  nonResourceURLs?: readonly string[];
}

/** Whether a rule allows what is asked. Source: the Kubernetes documentation, "Using RBAC Authorization". */
export function allows(rule: Rule, attributes: ResourceAttributes | PathAttributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  return 'path' in attributes ? allowsPath(rule, attributes.path) : allowsResource(rule, attributes);
}

function allowsResource(rule: Rule, { group, resource, subresource, name }: ResourceAttributes): boolean {
  if (!has(rule.apiGroups, group)) return false;
  if (!coversResource(rule.resources ?? [], resource, subresource)) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || (name !== '' && names.includes(name));
}

/** `pods`, `pods/log`, `*`, and `*` + `/scale` for that subresource of everything. */
function coversResource(allowed: readonly string[], resource: string, subresource: string): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return allowed.some((one) => one === '*' || one === full || (subresource !== '' && one === `*/${subresource}`));
}

function allowsPath(rule: Rule, path: string): boolean {
  return (rule.nonResourceURLs ?? []).some(
    (url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
  );
}

function has(allowed: readonly string[] | undefined, value: string): boolean {
  return allowed !== undefined && (allowed.includes('*') || allowed.includes(value));
}

/** The parts of `wanted` that no single rule of `held` covers, each as a rule of one verb; empty when all are held. */
export function uncovered(held: readonly Rule[], wanted: readonly Rule[]): Rule[] {
  return wanted.flatMap(singles).filter((single) => !held.some((rule) => covers(rule, single)));
}

/** A rule as the smallest rules that it consists of. */
function singles(rule: Rule): Rule[] {
  const found: Rule[] = [];
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) found.push({ verbs: [verb], nonResourceURLs: [url] });
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const one = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if ((rule.resourceNames ?? []).length === 0) found.push(one);
        for (const name of rule.resourceNames ?? []) found.push({ ...one, resourceNames: [name] });
      }
    }
  }
  return found;
}

function covers(rule: Rule, single: Rule): boolean {
  if (!has(rule.verbs, single.verbs[0] ?? '')) return false;
  const url = single.nonResourceURLs?.[0];
  if (url !== undefined) return allowsPath(rule, url);
  const [resource = '', subresource = ''] = (single.resources?.[0] ?? '').split('/');
  if (!has(rule.apiGroups, single.apiGroups?.[0] ?? '')) return false;
  if (!coversResource(rule.resources ?? [], resource, subresource)) return false;
  const names = rule.resourceNames ?? [];
  const name = single.resourceNames?.[0];
  return names.length === 0 || (name !== undefined && names.includes(name));
}
