import type { KubeObject, Resource } from '@berth/kube/objects';
import type { LabelSelectorObject } from '@berth/kube/selectors';
import type { StatusCondition } from '../conditions.ts';

export interface BudgetCondition extends StatusCondition {
  observedGeneration?: number;
}

export interface DisruptionBudget extends KubeObject {
  spec?: {
    minAvailable?: number | string;
    maxUnavailable?: number | string;
    selector?: LabelSelectorObject;
  };
  status?: {
    currentHealthy?: number;
    desiredHealthy?: number;
    expectedPods?: number;
    disruptionsAllowed?: number;
    observedGeneration?: number;
    disruptedPods?: Record<string, string>;
    conditions?: BudgetCondition[];
  };
}

export const disruptionBudgets: Resource<DisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  resource: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
};
