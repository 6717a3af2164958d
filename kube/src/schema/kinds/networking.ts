import { ageColumn, column, describeKinds, nameColumn, status } from './describe.ts';

/** `networking.k8s.io/v1`. */
export const networking = describeKinds(
  { group: 'networking.k8s.io', version: 'v1', definitions: 'io.k8s.api.networking.v1' },
  [
    {
      kind: 'IngressClass',
      resource: 'ingressclasses',
      scope: 'Cluster',
      columns: [nameColumn, column('Controller', '.spec.controller'), column('Parameters'), ageColumn],
    },
    {
      kind: 'Ingress',
      resource: 'ingresses',
      shortNames: ['ing'],
      subresources: [status],
      columns: [nameColumn, column('Class'), column('Hosts'), column('Address'), column('Ports'), ageColumn],
    },
    {
      kind: 'IPAddress',
      resource: 'ipaddresses',
      shortNames: ['ip'],
      scope: 'Cluster',
      naming: 'none',
      fieldSelectors: {},
      columns: [nameColumn, column('ParentRef')],
    },
    {
      kind: 'NetworkPolicy',
      resource: 'networkpolicies',
      shortNames: ['netpol'],
      columns: [nameColumn, column('Pod-Selector'), ageColumn],
    },
    {
      kind: 'ServiceCIDR',
      resource: 'servicecidrs',
      scope: 'Cluster',
      subresources: [status],
      columns: [nameColumn, column('CIDRs'), ageColumn],
    },
  ],
);
