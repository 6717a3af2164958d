import type { Digest, FlowSchemaSpec, NonResourceRule, PolicyRule, ResourceRule, Subject } from './types.ts';

/** Whether a request belongs to a schema. Source: `pkg/util/flowcontrol/rule.go` of k8s.io/apiserver. */
export function matches(digest: Digest, { rules = [] }: FlowSchemaSpec): boolean {
  for (const rule of rules) if (matchesRule(digest, rule)) return true;
  return false;
}

/** What tells the flows of a schema apart. */
export function distinguisherOf({ user, namespace }: Digest, { distinguisherMethod }: FlowSchemaSpec): string {
  if (distinguisherMethod === undefined) return '';
  return distinguisherMethod.type === 'ByUser' ? user.name : namespace;
}

function matchesRule(digest: Digest, { subjects, resourceRules = [], nonResourceRules = [] }: PolicyRule): boolean {
  const { user, verb, path, isResource } = digest;
  if (!subjects.some((subject) => matchesSubject(user, subject))) return false;
  if (isResource) return resourceRules.some((rule) => matchesResource(digest, rule));
  return nonResourceRules.some((rule) => matchesPath(verb, path, rule));
}

function matchesSubject(user: Digest['user'], subject: Subject): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user !== undefined && (subject.user.name === '*' || subject.user.name === user.name);
    case 'Group':
      return subject.group !== undefined && (subject.group.name === '*' || user.groups.includes(subject.group.name));
    case 'ServiceAccount': {
      if (subject.serviceAccount === undefined) return false;
      const { namespace, name } = subject.serviceAccount;
      const prefix = `system:serviceaccount:${namespace}:`;
      return name === '*' ? user.name.startsWith(prefix) : user.name === prefix + name;
    }
    default:
      return false;
  }
}

function matchesResource(digest: Digest, rule: ResourceRule): boolean {
  const { verb, group, resource, subresource, namespace } = digest;
  if (!holds(rule.verbs, verb)) return false;
  if (!holds(rule.resources, subresource === '' ? resource : `${resource}/${subresource}`)) return false;
  if (!holds(rule.apiGroups, group)) return false;
  return namespace === '' ? rule.clusterScope === true : holds(rule.namespaces ?? [], namespace);
}

function matchesPath(verb: string, path: string, { verbs, nonResourceURLs }: NonResourceRule): boolean {
  if (!holds(verbs, verb)) return false;
  for (const url of nonResourceURLs) {
    if (url === '*' || url === path) return true;
    const prefix = url.endsWith('*') ? url.slice(0, -1) : url;
    if (path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)) return true;
  }
  return false;
}

/** `*` counts only where it stands alone, which validation sees to. */
function holds(list: readonly string[], value: string): boolean {
  return (list.length === 1 && list[0] === '*') || list.includes(value);
}
