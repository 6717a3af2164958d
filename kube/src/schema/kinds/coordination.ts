import { ageColumn, column, describeKinds, nameColumn } from './describe.ts';

/** `coordination.k8s.io/v1`. */
export const coordination = describeKinds(
  { group: 'coordination.k8s.io', version: 'v1', definitions: 'io.k8s.api.coordination.v1' },
  [
    {
      kind: 'Lease',
      resource: 'leases',
      createdByUpdate: true,
      columns: [nameColumn, column('Holder', '.spec.holderIdentity'), ageColumn],
    },
  ],
);
