import { ageColumn, column, describeKinds, nameColumn, status } from './describe.ts';

/** `apiextensions.k8s.io/v1`. */
export const apiextensions = describeKinds(
  {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    definitions: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
  },
  [
    {
      kind: 'CustomResourceDefinition',
      resource: 'customresourcedefinitions',
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      scope: 'Cluster',
      subresources: [status],
      columns: [nameColumn, column('Created At', '.metadata.creationTimestamp', 'date')],
    },
  ],
);

/** `apiregistration.k8s.io/v1`. */
export const apiregistration = describeKinds(
  {
    group: 'apiregistration.k8s.io',
    version: 'v1',
    definitions: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
  },
  [
    {
      kind: 'APIService',
      resource: 'apiservices',
      categories: ['api-extensions'],
      scope: 'Cluster',
      naming: 'path-segment',
      subresources: [status],
      columns: [nameColumn, column('Service'), column('Available'), ageColumn],
    },
  ],
);
