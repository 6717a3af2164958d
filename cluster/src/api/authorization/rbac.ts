import type { KubeObject } from '@berth/kube/objects';
import { type LabelSelectorObject, labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { User } from '../types.ts';
import type { Attributes, Authorizer, Decision } from './authorizer.ts';
import { allows, type Rule } from './rules.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';
export const mastersGroup = 'system:masters';

interface Subject {
  kind: string;
  name: string;
  namespace?: string;
}

export interface RoleRef {
  kind: string;
  name: string;
}

interface Binding {
  name: string;
  namespace: string;
  subjects: readonly Subject[];
  roleRef: RoleRef;
}

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
  #clusterBindings: Binding[] = [];
  #bindings = new Map<string, Binding[]>();
  #rules = new Map<string, readonly Rule[]>();

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  authorize(user: User, attributes: Attributes): Decision {
    if (user.groups.includes(mastersGroup)) return { allowed: true, reason: '' };
    this.#refresh();
    const namespace = 'path' in attributes ? '' : attributes.namespace;
    for (const binding of this.#bindingsOf(user, namespace)) {
      if (!this.#rulesOf(binding).some((rule) => allows(rule, attributes))) continue;
      const kind = binding.namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
      const role = `${binding.roleRef.kind} "${binding.roleRef.name}"`;
      return { allowed: true, reason: `RBAC: allowed by ${kind} "${binding.name}" of ${role} to ${user.name}` };
    }
    return { allowed: false, reason: '' };
  }

  /** Every rule that holds for the user in the namespace ('' for the cluster only). */
  rulesFor(user: User, namespace: string): Rule[] {
    this.#refresh();
    const bound = [...this.#bindingsOf(user, namespace)].flatMap((binding) => this.#rulesOf(binding));
    const bindsMasters = bound.some(({ nonResourceURLs }) => nonResourceURLs?.includes('*'));
    if (!user.groups.includes(mastersGroup) || bindsMasters) return bound;
    return [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }, ...bound];
  }

  /** The rules of the role that a binding in `namespace` refers to; undefined when it does not exist. */
  rulesOfRole(roleRef: RoleRef, namespace: string): readonly Rule[] | undefined {
    this.#refresh();
    return this.#rules.get(roleKey(roleRef, namespace));
  }

  *#bindingsOf(user: User, namespace: string): Generator<Binding> {
    for (const binding of this.#clusterBindings) if (concerns(binding, user)) yield binding;
    if (namespace === '') return;
    for (const binding of this.#bindings.get(namespace) ?? []) if (concerns(binding, user)) yield binding;
  }

  #rulesOf({ roleRef, namespace }: Binding): readonly Rule[] {
    return this.#rules.get(roleKey(roleRef, namespace)) ?? [];
  }

  /** Reads roles and bindings anew when one has changed. */
  #refresh(): void {
    const storage = this.#storage;
    const version = Math.max(...Object.values(prefixes).map((prefix) => storage.revisionOf(prefix)));
    if (version === this.#version) return;
    this.#version = version;
    this.#clusterBindings = storage.list(prefixes.clusterRoleBindings).map((stored) => bindingOf(stored.object));
    const bindings = storage.list(prefixes.roleBindings).map((stored) => bindingOf(stored.object));
    this.#bindings = Map.groupBy(bindings, (binding) => binding.namespace);
    const clusterRoles = storage.list(prefixes.clusterRoles).map((stored) => stored.object);
    this.#rules = new Map();
    for (const { object } of storage.list(prefixes.roles)) {
      this.#rules.set(`${object.metadata.namespace}/${object.metadata.name}`, rulesIn(object));
    }
    for (const role of clusterRoles)
      this.#rules.set(role.metadata.name, [...rulesIn(role), ...aggregated(role, clusterRoles)]);
  }
}

/** The rules of the cluster roles that an aggregation rule selects. */
function aggregated(role: KubeObject, all: readonly KubeObject[]): Rule[] {
  const { aggregationRule } = role as { aggregationRule?: { clusterRoleSelectors?: LabelSelectorObject[] } };
  return (aggregationRule?.clusterRoleSelectors ?? []).flatMap((text) => {
    const selector = labelSelectorOf(text);
    if (!selector) return [];
    const others = all.filter((other) => other !== role && matchesLabels(selector, other.metadata.labels));
    return others.flatMap((other) => [...rulesIn(other)]);
  });
}

function roleKey({ kind, name }: RoleRef, namespace: string): string {
  return kind === 'ClusterRole' ? name : `${namespace}/${name}`;
}

function rulesIn(role: KubeObject): readonly Rule[] {
  return (role as { rules?: readonly Rule[] | null }).rules ?? [];
}

function bindingOf(object: KubeObject): Binding {
  const { subjects, roleRef } = object as unknown as { subjects?: Subject[] | null; roleRef: RoleRef };
  const { name, namespace = '' } = object.metadata;
  return { name, namespace, subjects: subjects ?? [], roleRef };
}

function concerns(binding: Binding, user: User): boolean {
  return binding.subjects.some(({ kind, name, namespace }) => {
    if (kind === 'User') return name === user.name;
    if (kind === 'Group') return user.groups.includes(name);
    return kind === 'ServiceAccount' && user.name === `system:serviceaccount:${namespace ?? binding.namespace}:${name}`;
  });
}
