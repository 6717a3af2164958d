import type { KubeClient } from '@berth/kube/client';
import { resources } from '@berth/kube/objects';
import { RbacPolicy } from '@berth/kube/rbac';

/** The roles and bindings of a cluster as they are now. Rejects with `Forbidden` when the client may not read them. */
export async function readRbac(client: KubeClient): Promise<RbacPolicy> {
  const [clusterRoles, roles, clusterRoleBindings, roleBindings] = await Promise.all([
    client.list(resources.clusterRoles),
    client.list(resources.roles),
    client.list(resources.clusterRoleBindings),
    client.list(resources.roleBindings),
  ]);
  return new RbacPolicy({
    clusterRoles: clusterRoles.items,
    roles: roles.items,
    clusterRoleBindings: clusterRoleBindings.items,
    roleBindings: roleBindings.items,
  });
}
