import { ageColumn, column, describeKinds, type KindFacts, nameColumn, status } from './describe.ts';

const horizontalPodAutoscaler: KindFacts = {
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [status],
  columns: [
    nameColumn,
    column('Reference'),
    column('Targets'),
    column('MinPods'),
    column('MaxPods'),
    column('Replicas'),
    ageColumn,
  ],
};

/** `autoscaling/v2` (preferred) and `autoscaling/v1`: the same objects in two shapes. */
export const autoscaling = [
  ...describeKinds({ group: 'autoscaling', version: 'v2', definitions: 'io.k8s.api.autoscaling.v2' }, [
    horizontalPodAutoscaler,
  ]),
  ...describeKinds({ group: 'autoscaling', version: 'v1', definitions: 'io.k8s.api.autoscaling.v1' }, [
    horizontalPodAutoscaler,
  ]),
];
