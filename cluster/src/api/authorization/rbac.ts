import { mastersGroup, RbacPolicy, type RoleRef, type Rule, rbacGroup } from '@berth/kube/rbac';
import { resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { User } from '../types.ts';
import type { Attributes, Authorizer, Decision } from './authorizer.ts';

const prefixes = {
  clusterRoles: resourcePrefix(rbacGroup, 'clusterroles'),
  roles: resourcePrefix(rbacGroup, 'roles'),
  clusterRoleBindings: resourcePrefix(rbacGroup, 'clusterrolebindings'),
  roleBindings: resourcePrefix(rbacGroup, 'rolebindings'),
};

/** Role-based access control over the roles and bindings in the store. */
export class RbacAuthorizer implements Authorizer {
  readonly #storage: ObjectStorage;
  #version = -1;
  #current: RbacPolicy | undefined;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  authorize(user: User, attributes: Attributes): Decision {
    if (user.groups.includes(mastersGroup)) return { allowed: true, reason: '' };
    const grant = this.#policy().grantOf(user, attributes);
    if (!grant) return { allowed: false, reason: '' };
    const { name, namespace, roleRef } = grant.binding;
    const kind = namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
    const role = `${roleRef.kind} "${roleRef.name}"`;
    return { allowed: true, reason: `RBAC: allowed by ${kind} "${name}" of ${role} to ${user.name}` };
  }

  /** Every rule that holds for the user in the namespace ('' for the cluster only). */
  rulesFor(user: User, namespace: string): Rule[] {
    const policy = this.#policy();
    const bound = policy.bindingsOf(user, namespace).flatMap((binding) => policy.rulesOf(binding));
    const bindsMasters = bound.some(({ nonResourceURLs }) => nonResourceURLs?.includes('*'));
    if (!user.groups.includes(mastersGroup) || bindsMasters) return bound;
    return [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }, ...bound];
  }

  /** The rules of the role that a binding in `namespace` refers to; undefined when it does not exist. */
  rulesOfRole(roleRef: RoleRef, namespace: string): readonly Rule[] | undefined {
    return this.#policy().rulesOfRole(roleRef, namespace);
  }

  /** Made anew when a role or a binding has changed. */
  #policy(): RbacPolicy {
    const storage = this.#storage;
    const version = Math.max(...Object.values(prefixes).map((prefix) => storage.revisionOf(prefix)));
    if (this.#current && version === this.#version) return this.#current;
    const objectsOf = (prefix: string) => storage.list(prefix).map(({ object }) => object);
    this.#current = new RbacPolicy({
      clusterRoles: objectsOf(prefixes.clusterRoles),
      roles: objectsOf(prefixes.roles),
      clusterRoleBindings: objectsOf(prefixes.clusterRoleBindings),
      roleBindings: objectsOf(prefixes.roleBindings),
    });
    this.#version = version;
    return this.#current;
  }
}
