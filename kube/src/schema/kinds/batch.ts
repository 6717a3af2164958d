import { ageColumn, column, describeKinds, nameColumn, status, wide } from './describe.ts';

/** `batch/v1`. */
export const batch = describeKinds({ group: 'batch', version: 'v1', definitions: 'io.k8s.api.batch.v1' }, [
  {
    kind: 'CronJob',
    resource: 'cronjobs',
    shortNames: ['cj'],
    categories: ['all'],
    subresources: [status],
    columns: [
      nameColumn,
      column('Schedule', '.spec.schedule'),
      column('Timezone'),
      column('Suspend', '.spec.suspend', 'boolean'),
      column('Active', undefined, 'integer'),
      column('Last Schedule'),
      ageColumn,
      wide('Containers'),
      wide('Images'),
      wide('Selector'),
    ],
  },
  {
    kind: 'Job',
    resource: 'jobs',
    categories: ['all'],
    subresources: [status],
    fieldSelectors: { 'status.successful': ['status.succeeded'] },
    columns: [
      nameColumn,
      column('Status'),
      column('Completions'),
      column('Duration'),
      ageColumn,
      wide('Containers'),
      wide('Images'),
      wide('Selector'),
    ],
  },
]);
