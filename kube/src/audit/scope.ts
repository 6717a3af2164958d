import type { AuditedRequest, GroupResources, Policy, Rule, Scope, Stage } from './policy.ts';

type Fits = (request: AuditedRequest) => boolean;

/**
 * Answers what a policy wants recorded of requests, by the first rule that fits; made once, asked for every request.
 * Source: `NewPolicyRuleEvaluator` of `k8s.io/apiserver/pkg/audit/policy`.
 */
export function scopesOf(policy: Policy): (request: AuditedRequest) => Scope {
  const rules = policy.rules.map((rule) => ({ fits: fitsOf(rule), scope: scopeOf(policy, rule) }));
  const otherwise: Scope = {
    level: 'None',
    omitStages: new Set(policy.omitStages),
    omitManagedFields: policy.omitManagedFields,
  };
  return (request) => {
    for (const { fits, scope } of rules) if (fits(request)) return scope;
    return otherwise;
  };
}

function scopeOf(policy: Policy, rule: Rule): Scope {
  return {
    level: rule.level,
    omitStages: new Set<Stage>([...policy.omitStages, ...rule.omitStages]),
    omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields,
  };
}

function fitsOf(rule: Rule): Fits {
  const checks: Fits[] = [];
  if (rule.users.length > 0) {
    const users = new Set(rule.users);
    checks.push(({ user }) => user !== undefined && users.has(user.name));
  }
  if (rule.userGroups.length > 0) {
    const groups = new Set(rule.userGroups);
    checks.push(({ user }) => user?.groups.some((group) => groups.has(group)) ?? false);
  }
  if (rule.verbs.length > 0) {
    const verbs = new Set(rule.verbs);
    checks.push(({ verb }) => verbs.has(verb));
  }
  if (rule.namespaces.length > 0 || rule.resources.length > 0) checks.push(fitsResource(rule));
  else if (rule.nonResourceURLs.length > 0) checks.push(fitsPath(rule.nonResourceURLs));
  return (request) => {
    for (const check of checks) if (!check(request)) return false;
    return true;
  };
}

function fitsPath(urls: readonly string[]): Fits {
  const beginnings = urls.filter((url) => url.endsWith('*')).map((url) => url.replace(/\*+$/, ''));
  const exact = new Set(urls);
  return (request) => {
    if (!('path' in request)) return false;
    return exact.has(request.path) || beginnings.some((beginning) => request.path.startsWith(beginning));
  };
}

function fitsResource({ namespaces, resources }: Rule): Fits {
  const named = new Set(namespaces);
  const groups = Map.groupBy(resources, ({ group }) => group);
  return (request) => {
    if ('path' in request) return false;
    if (named.size > 0 && !named.has(request.namespace)) return false;
    if (resources.length === 0) return true;
    return groups.get(request.group)?.some((one) => isAmong(one, request)) ?? false;
  };
}

function isAmong(
  { resources, resourceNames }: GroupResources,
  { resource, subresource, name }: Exclude<AuditedRequest, { path: string }>,
): boolean {
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(name)) return false;
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  return resources.some(
    (one) =>
      one === whole || one === '*' || one === `${resource}/*` || (subresource !== '' && one === `*/${subresource}`),
  );
}
