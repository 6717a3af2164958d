import type { HorizontalPodAutoscaler, Resource } from '@berth/kube/objects';
import type { LabelSelector } from '@berth/kube/selectors';

export type { HorizontalPodAutoscaler };
export type Spec = NonNullable<HorizontalPodAutoscaler['spec']>;
export type Status = Partial<NonNullable<HorizontalPodAutoscaler['status']>>;
export type MetricSpec = NonNullable<Spec['metrics']>[number];
export type MetricStatus = NonNullable<Status['currentMetrics']>[number];
export type ScalingRules = NonNullable<NonNullable<Spec['behavior']>['scaleUp']>;
export type Condition = NonNullable<Status['conditions']>[number];

export const horizontalPodAutoscalers: Resource<HorizontalPodAutoscaler> = {
  group: 'autoscaling',
  version: 'v2',
  resource: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  namespaced: true,
};

/** What is remembered of one autoscaler: in no object, as in Kubernetes. Times in milliseconds since the epoch. */
export interface Memory {
  /** What was proposed, before any stabilization. */
  recommendations: readonly { replicas: number; at: number }[];
  ups: readonly Change[];
  downs: readonly Change[];
  /** Of which pods it is. */
  selector?: LabelSelector;
}

/** By how many replicas something was scaled. */
export interface Change {
  by: number;
  at: number;
}

export const noMemory: Memory = { recommendations: [], ups: [], downs: [] };
