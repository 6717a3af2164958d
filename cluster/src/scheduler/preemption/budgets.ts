import type { KubeObject, Resource } from '@berth/kube/objects';
import type { LabelSelectorObject } from '@berth/kube/selectors';

/** What preemption reads of a PodDisruptionBudget. */
export interface DisruptionBudget extends KubeObject {
  spec?: { selector?: LabelSelectorObject };
  status?: { disruptionsAllowed?: number; disruptedPods?: Record<string, string> };
}

export const disruptionBudgets: Resource<DisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  resource: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
};
