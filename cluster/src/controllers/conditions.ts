/** A condition as the workload kinds have it: Deployment, ReplicaSet, Pod, Job and others share these fields. */
export interface StatusCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
}

/** RFC 3339 with whole seconds, as `metav1.Time` is written. */
export function rfc3339(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
}

export function findCondition<C extends { type: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function withoutCondition<C extends { type: string }>(conditions: readonly C[], type: string): C[] {
  return conditions.filter((condition) => condition.type !== type);
}

/**
 * The conditions with one set. One whose status and reason are already so is left untouched; `lastTransitionTime` moves with the
 * status only.
 */
export function withCondition<C extends StatusCondition>(conditions: readonly C[], condition: C): C[] {
  const present = findCondition(conditions, condition.type);
  if (present?.status === condition.status && present.reason === condition.reason) return [...conditions];
  const since =
    present?.status === condition.status && present.lastTransitionTime !== undefined
      ? { lastTransitionTime: present.lastTransitionTime }
      : {};
  return [...withoutCondition(conditions, condition.type), { ...condition, ...since }];
}
