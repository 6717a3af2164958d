import type { Rule } from '@berth/kube/rbac';

export const read = ['get', 'list', 'watch'];
export const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];

/** A rule for resources of groups, each divided by spaces; `core` is the group without a name. */
export function on(groups: string, resources: string, verbs: string[]): Rule {
  const apiGroups = groups.split(' ').map((group) => (group === 'core' ? '' : group));
  return { verbs, apiGroups, resources: resources.split(' ') };
}
