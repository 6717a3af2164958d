import { ageColumn, column, describeKinds, nameColumn, status } from './describe.ts';

/** `policy/v1`. */
export const policy = describeKinds({ group: 'policy', version: 'v1', definitions: 'io.k8s.api.policy.v1' }, [
  {
    kind: 'PodDisruptionBudget',
    resource: 'poddisruptionbudgets',
    shortNames: ['pdb'],
    // Nothing is named after a budget.
    naming: 'path-segment',
    subresources: [status],
    columns: [
      nameColumn,
      column('Min Available'),
      column('Max Unavailable'),
      column('Allowed Disruptions', '.status.disruptionsAllowed', 'integer'),
      ageColumn,
    ],
  },
]);
