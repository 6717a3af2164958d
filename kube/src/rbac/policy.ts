import type { KubeObject } from '../objects/index.ts';
import { type LabelSelectorObject, labelSelectorOf, matchesLabels } from '../selectors/index.ts';
import { allows, type PathAttributes, type ResourceAttributes, type Rule } from './rules.ts';

/** Whom a request comes from, as far as roles are concerned. */
export interface Who {
  name: string;
  groups: readonly string[];
}

export interface Subject {
  kind: string;
  name: string;
  namespace?: string;
}

export interface RoleRef {
  kind: string;
  name: string;
}

/** A RoleBinding, or with `namespace` '' a ClusterRoleBinding. */
export interface Binding {
  name: string;
  namespace: string;
  subjects: readonly Subject[];
  roleRef: RoleRef;
}

/** One way in which somebody may do something. */
export interface Grant {
  binding: Binding;
  rule: Rule;
}

export interface RbacObjects {
  clusterRoles: readonly KubeObject[];
  roles: readonly KubeObject[];
  clusterRoleBindings: readonly KubeObject[];
  roleBindings: readonly KubeObject[];
}

type Ranked = Binding & { rank: number };

/** What roles and bindings come to, at one moment. A question costs as much as its user has bindings, not as there are. */
export class RbacPolicy {
  /** By namespace ('' for cluster role bindings), then by subject. */
  readonly #bindings = new Map<string, Map<string, Ranked[]>>();
  readonly #rules = new Map<string, readonly Rule[]>();
  readonly #all: Ranked[];

  constructor({ clusterRoles, roles, clusterRoleBindings, roleBindings }: RbacObjects) {
    this.#all = [...clusterRoleBindings, ...roleBindings].map((object, rank) => ({ ...bindingOf(object), rank }));
    for (const binding of this.#all) {
      const bySubject = entry(this.#bindings, binding.namespace, () => new Map<string, Ranked[]>());
      for (const key of new Set(binding.subjects.map((subject) => keyOf(subject, binding.namespace))))
        entry(bySubject, key, () => []).push(binding);
    }
    for (const role of roles) this.#rules.set(`${role.metadata.namespace}/${role.metadata.name}`, rulesIn(role));
    for (const role of clusterRoles)
      this.#rules.set(role.metadata.name, [...rulesIn(role), ...aggregated(role, clusterRoles)]);
  }

  /** The first way in which the user may; undefined when there is none. */
  grantOf(user: Who, attributes: ResourceAttributes | PathAttributes): Grant | undefined {
    for (const binding of this.bindingsOf(user, 'path' in attributes ? '' : attributes.namespace)) {
      const rule = this.#ruleIn(binding, attributes);
      if (rule) return { binding, rule };
    }
    return undefined;
  }

  /** Every binding by which somebody may, whoever that is. */
  grants(attributes: ResourceAttributes | PathAttributes): Grant[] {
    const namespace = 'path' in attributes ? '' : attributes.namespace;
    return this.#all.flatMap((binding) => {
      if (binding.namespace !== '' && binding.namespace !== namespace) return [];
      const rule = this.#ruleIn(binding, attributes);
      return rule ? [{ binding, rule }] : [];
    });
  }

  /** The bindings that hold for the user in the namespace, those of the cluster first. */
  bindingsOf(user: Who, namespace: string): Binding[] {
    const keys = [userKey(user.name), ...user.groups.map(groupKey)];
    const found = new Set<Ranked>();
    for (const place of namespace === '' ? [''] : ['', namespace]) {
      const bySubject = this.#bindings.get(place);
      if (bySubject) for (const key of keys) for (const binding of bySubject.get(key) ?? []) found.add(binding);
    }
    return [...found].sort((a, b) => a.rank - b.rank);
  }

  /** The bindings that name the user or one of the groups, wherever they hold. */
  allBindingsOf(user: Who): Binding[] {
    return [...this.#bindings.keys()]
      .flatMap((place) => this.bindingsOf(user, place).filter(({ namespace }) => namespace === place))
      .sort((a, b) => (a as Ranked).rank - (b as Ranked).rank);
  }

  rulesOf({ roleRef, namespace }: Binding): readonly Rule[] {
    return this.rulesOfRole(roleRef, namespace) ?? [];
  }

  /** The rules of the role that a binding in `namespace` refers to; undefined when it does not exist. */
  rulesOfRole(roleRef: RoleRef, namespace: string): readonly Rule[] | undefined {
    return this.#rules.get(roleRef.kind === 'ClusterRole' ? roleRef.name : `${namespace}/${roleRef.name}`);
  }

  /** The roles that would allow it, if they were bound: cluster roles, and those of the namespace. */
  rolesAllowing(attributes: ResourceAttributes | PathAttributes): RoleRef[] {
    const inside = 'path' in attributes ? '' : `${attributes.namespace}/`;
    return [...this.#rules].flatMap(([key, rules]): RoleRef[] => {
      const isNamespaced = key.includes('/');
      if (isNamespaced && (inside.length < 2 || !key.startsWith(inside))) return [];
      if (!rules.some((rule) => allows(rule, attributes))) return [];
      return [isNamespaced ? { kind: 'Role', name: key.slice(inside.length) } : { kind: 'ClusterRole', name: key }];
    });
  }

  #ruleIn(binding: Binding, attributes: ResourceAttributes | PathAttributes): Rule | undefined {
    return this.rulesOf(binding).find((rule) => allows(rule, attributes));
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

function rulesIn(role: KubeObject): readonly Rule[] {
  return (role as { rules?: readonly Rule[] | null }).rules ?? [];
}

function bindingOf(object: KubeObject): Binding {
  const { subjects, roleRef } = object as unknown as { subjects?: Subject[] | null; roleRef: RoleRef };
  const { name, namespace = '' } = object.metadata;
  return { name, namespace, subjects: subjects ?? [], roleRef };
}

const userKey = (name: string) => `User ${name}`;
const groupKey = (name: string) => `Group ${name}`;

/** Service accounts are users of a certain name. */
function keyOf({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind === 'ServiceAccount') return userKey(`system:serviceaccount:${namespace ?? bindingNamespace}:${name}`);
  return kind === 'Group' ? groupKey(name) : `${kind} ${name}`;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
