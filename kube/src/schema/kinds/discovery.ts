import { ageColumn, column, describeKinds, nameColumn } from './describe.ts';

/** `discovery.k8s.io/v1`. */
export const discovery = describeKinds(
  { group: 'discovery.k8s.io', version: 'v1', definitions: 'io.k8s.api.discovery.v1' },
  [
    {
      kind: 'EndpointSlice',
      resource: 'endpointslices',
      columns: [nameColumn, column('AddressType', '.addressType'), column('Ports'), column('Endpoints'), ageColumn],
    },
  ],
);
