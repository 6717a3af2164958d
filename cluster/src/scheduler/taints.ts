import type { Node, PodSpec } from '@berth/kube/objects';

export type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];
type Toleration = NonNullable<PodSpec['tolerations']>[number];

/** Whether one of the tolerations covers the taint. Source: "Taints and Tolerations" of the Kubernetes documentation. */
export function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some(({ key, operator = 'Equal', value = '', effect }) => {
    if (effect && effect !== taint.effect) return false;
    if (key && key !== taint.key) return false;
    // Without a key only `Exists` means something: everything.
    if (!key && operator !== 'Exists') return false;
    return operator === 'Exists' || value === (taint.value ?? '');
  });
}
