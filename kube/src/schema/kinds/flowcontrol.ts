import { ageColumn, column, describeKinds, nameColumn, status } from './describe.ts';

/** `flowcontrol.apiserver.k8s.io/v1`. */
export const flowcontrol = describeKinds(
  { group: 'flowcontrol.apiserver.k8s.io', version: 'v1', definitions: 'io.k8s.api.flowcontrol.v1' },
  [
    {
      kind: 'FlowSchema',
      resource: 'flowschemas',
      scope: 'Cluster',
      subresources: [status],
      columns: [
        nameColumn,
        column('PriorityLevel', '.spec.priorityLevelConfiguration.name'),
        column('MatchingPrecedence'),
        column('DistinguisherMethod'),
        ageColumn,
        column('MissingPL'),
      ],
    },
    {
      kind: 'PriorityLevelConfiguration',
      resource: 'prioritylevelconfigurations',
      scope: 'Cluster',
      subresources: [status],
      columns: [
        nameColumn,
        column('Type', '.spec.type'),
        column('NominalConcurrencyShares'),
        column('Queues'),
        column('HandSize'),
        column('QueueLengthLimit'),
        ageColumn,
      ],
    },
  ],
);
