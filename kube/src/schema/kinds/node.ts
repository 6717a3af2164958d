import { ageColumn, column, describeKinds, nameColumn } from './describe.ts';

/** `node.k8s.io/v1`. */
export const node = describeKinds({ group: 'node.k8s.io', version: 'v1', definitions: 'io.k8s.api.node.v1' }, [
  {
    kind: 'RuntimeClass',
    resource: 'runtimeclasses',
    createdByUpdate: true,
    scope: 'Cluster',
    columns: [nameColumn, column('Handler', '.handler'), ageColumn],
  },
]);
