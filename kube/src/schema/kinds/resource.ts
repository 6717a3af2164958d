import { ageColumn, byPath, column, describeKinds, nameColumn, status } from './describe.ts';

/** `resource.k8s.io/v1`: dynamic resource allocation. */
export const resource = describeKinds(
  { group: 'resource.k8s.io', version: 'v1', definitions: 'io.k8s.api.resource.v1' },
  [
    { kind: 'DeviceClass', resource: 'deviceclasses', scope: 'Cluster', naming: 'long-name' },
    {
      kind: 'ResourceClaim',
      resource: 'resourceclaims',
      subresources: [status],
      columns: [nameColumn, column('State'), ageColumn],
    },
    { kind: 'ResourceClaimTemplate', resource: 'resourceclaimtemplates' },
    {
      kind: 'ResourceSlice',
      resource: 'resourceslices',
      scope: 'Cluster',
      fieldSelectors: byPath('spec.driver', 'spec.nodeName'),
      columns: [
        nameColumn,
        column('Node', '.spec.nodeName'),
        column('Driver', '.spec.driver'),
        column('Pool', '.spec.pool.name'),
        ageColumn,
      ],
    },
  ],
);
