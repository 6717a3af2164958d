import { ageColumn, column, describeKinds, nameColumn } from './describe.ts';

/** `scheduling.k8s.io/v1`. */
export const scheduling = describeKinds(
  { group: 'scheduling.k8s.io', version: 'v1', definitions: 'io.k8s.api.scheduling.v1' },
  [
    {
      kind: 'PriorityClass',
      resource: 'priorityclasses',
      shortNames: ['pc'],
      scope: 'Cluster',
      columns: [
        nameColumn,
        column('Value', '.value', 'integer'),
        column('Global-Default', '.globalDefault', 'boolean'),
        ageColumn,
        column('PreemptionPolicy', '.preemptionPolicy'),
      ],
    },
  ],
);
