import { ageColumn, column, describeKinds, nameColumn, wide } from './describe.ts';

const bindingColumns = [nameColumn, column('Role'), ageColumn, wide('Users'), wide('Groups'), wide('ServiceAccounts')];

const roleColumns = [nameColumn, column('Created At', '.metadata.creationTimestamp', 'date')];

/** `rbac.authorization.k8s.io/v1`. Names may hold anything a path segment may: `system:node`. */
export const rbac = describeKinds(
  { group: 'rbac.authorization.k8s.io', version: 'v1', definitions: 'io.k8s.api.rbac.v1' },
  [
    {
      kind: 'ClusterRoleBinding',
      resource: 'clusterrolebindings',
      createdByUpdate: true,
      scope: 'Cluster',
      naming: 'path-segment',
      columns: bindingColumns,
    },
    {
      kind: 'ClusterRole',
      resource: 'clusterroles',
      createdByUpdate: true,
      scope: 'Cluster',
      naming: 'path-segment',
      columns: roleColumns,
    },
    {
      kind: 'RoleBinding',
      resource: 'rolebindings',
      createdByUpdate: true,
      naming: 'path-segment',
      columns: bindingColumns,
    },
    { kind: 'Role', resource: 'roles', createdByUpdate: true, naming: 'path-segment', columns: roleColumns },
  ],
);
