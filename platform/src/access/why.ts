import {
  allows,
  type Grant,
  mastersGroup,
  type PathAttributes,
  type RbacPolicy,
  type ResourceAttributes,
  type RoleRef,
  type Rule,
  type Who,
} from '@berth/kube/rbac';

/** A right of somebody's on the same kind that is not enough. */
export interface Held {
  grant: Grant;
  /** What it lacks: it is for other verbs, for another namespace, or for certain names only. */
  lacks: 'verb' | 'namespace' | 'name' | 'subresource';
}

/** A role that would let them, and how much more it would give. */
export interface Remedy {
  role: RoleRef;
  /** Verbs on kinds that it gives; Infinity where it says "everything". */
  width: number;
}

export interface Reasons {
  isMaster: boolean;
  /** By which of a user's bindings, when one allows it. */
  grant?: Grant;
  /** What comes near, when none does. */
  held: Held[];
  /** Roles for people that exist and would do, the narrowest first. */
  remedies: Remedy[];
}

/** Why somebody may do something by RBAC, or what they have of it and what would let them. */
export function reasonsFor(policy: RbacPolicy, who: Who, asked: ResourceAttributes | PathAttributes): Reasons {
  const isMaster = who.groups.includes(mastersGroup);
  const grant = policy.grantOf(who, asked);
  if (isMaster || grant) return { isMaster, ...(grant ? { grant } : {}), held: [], remedies: [] };
  const held = policy.allBindingsOf(who).flatMap((binding): Held[] => {
    const elsewhere = binding.namespace !== '' && !('path' in asked) && binding.namespace !== asked.namespace;
    return policy.rulesOf(binding).flatMap((rule): Held[] => {
      const lacks = elsewhere ? allows(rule, asked) && 'namespace' : lackOf(rule, asked);
      return lacks ? [{ grant: { binding, rule }, lacks }] : [];
    });
  });
  const remedies = policy
    .rolesAllowing(asked)
    // Those of Kubernetes' own parts are not made for people.
    .filter(({ name }) => !name.startsWith('system:'))
    .map((role) => ({ role, width: widthOf(policy.rulesOfRole(role, 'path' in asked ? '' : asked.namespace) ?? []) }))
    .sort((a, b) => a.width - b.width || (a.role.name < b.role.name ? -1 : 1));
  return { isMaster, held, remedies };
}

/** The one thing that a rule lacks to allow it; undefined when there is more than one. */
function lackOf(rule: Rule, asked: ResourceAttributes | PathAttributes): Held['lacks'] | undefined {
  if ('path' in asked) return rule.verbs.length > 0 && allows({ ...rule, verbs: ['*'] }, asked) ? 'verb' : undefined;
  if (allows({ ...rule, verbs: ['*'] }, asked)) return 'verb';
  if (allows({ ...rule, resourceNames: [] }, asked)) return 'name';
  if (asked.subresource !== '' && allows(rule, { ...asked, subresource: '' })) return 'subresource';
  return undefined;
}

function widthOf(rules: readonly Rule[]): number {
  const count = (list: readonly string[] = []) => (list.includes('*') ? Number.POSITIVE_INFINITY : list.length);
  return rules.reduce((sum, { verbs, apiGroups, resources, nonResourceURLs }) => {
    const objects = resources?.length && apiGroups?.length ? count(apiGroups) * count(resources) : 0;
    return sum + count(verbs) * (objects + (nonResourceURLs?.length ?? 0));
  }, 0);
}
