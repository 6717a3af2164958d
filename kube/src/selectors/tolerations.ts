import type { Node, PodSpec } from '../objects/index.ts';

export type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];
export type Toleration = NonNullable<PodSpec['tolerations']>[number];

/** Whether the toleration covers the taint. Source: "Taints and Tolerations" of the Kubernetes documentation. */
export function tolerates({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  // Without a key only `Exists` means something: everything.
  if (!key && operator !== 'Exists') return false;
  return operator === 'Exists' || value === (taint.value ?? '');
}

/** Whether one of the tolerations covers the taint. */
export function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}
