import type { KubeObject } from '@berth/kube/objects';
import { mastersGroup, type RoleRef, type Rule, rbacGroup, uncovered } from '@berth/kube/rbac';
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.ts';
import { forbidden, notFound } from '../faults.ts';
import type { RbacAuthorizer } from './rbac.ts';

/**
 * Nobody gives what they do not have: a role may only hold rules that its writer has, or is allowed to `escalate`; a
 * binding only refer to a role whose rules its writer has, or is allowed to `bind`.
 */
export function privilegeEscalation(authorizer: RbacAuthorizer): AdmissionPlugin {
  return {
    name: 'PrivilegeEscalation',
    resources: ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'].map((name) => `${rbacGroup}/${name}`),
    check(request) {
      const { user } = request.call;
      if (request.operation === 'DELETE' || user.groups.includes(mastersGroup)) return;
      const { resource } = request.call.kind.description;
      if (resource.endsWith('bindings')) checkBinding(authorizer, request);
      else checkRole(authorizer, request);
    },
  };
}

function checkRole(authorizer: RbacAuthorizer, request: AdmissionRequest): void {
  const { rules, aggregationRule } = request.object as { rules?: Rule[] | null; aggregationRule?: object | null };
  if (may(authorizer, request, 'escalate', request.call.kind.description.resource, request.name)) return;
  refuseBeyond(authorizer, request, aggregationRule ? [...(rules ?? []), ...everything] : (rules ?? []));
}

/** What a role that gathers the rules of others may come to hold. */
const everything: readonly Rule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

function checkBinding(authorizer: RbacAuthorizer, request: AdmissionRequest): void {
  const { roleRef } = request.object as KubeObject & { roleRef?: RoleRef };
  if (!roleRef) return;
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (may(authorizer, request, 'bind', resource, roleRef.name)) return;
  const rules = authorizer.rulesOfRole(roleRef, request.namespace);
  // Of a role that is not there nobody can say what it will hold.
  if (!rules) throw notFound({ group: rbacGroup, resource }, roleRef.name);
  refuseBeyond(authorizer, request, rules);
}

function may(
  authorizer: RbacAuthorizer,
  request: AdmissionRequest,
  verb: string,
  resource: string,
  name: string,
): boolean {
  const { namespace, call } = request;
  const attributes = { verb, group: rbacGroup, version: 'v1', resource, subresource: '', namespace, name };
  return authorizer.authorize(call.user, attributes).allowed;
}

function refuseBeyond(authorizer: RbacAuthorizer, request: AdmissionRequest, wanted: readonly Rule[]): void {
  const { user, kind } = request.call;
  const missing = uncovered(authorizer.rulesFor(user, request.namespace), wanted);
  if (missing.length === 0) return;
  const text = missing.map((rule) => JSON.stringify(rule)).join('\n');
  const why = `user "${user.name}" (groups=${JSON.stringify(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${text}`;
  throw forbidden(kind.description, request.name, why);
}
