import type { KubeObject } from '@berth/kube/objects';
import { type LabelRequirement, matchesLabels } from '@berth/kube/selectors';
import type { Evaluator, ResourceQuota, ScopeRequirement } from './types.ts';

/** What a quota is about: its scopes, which have to hold, and its selector. */
export function scopesOf({ spec }: ResourceQuota): ScopeRequirement[] {
  const named = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...named, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

export function isCovered(quota: ResourceQuota, evaluator: Evaluator, object: KubeObject): boolean {
  return scopesOf(quota).every((scope) => evaluator.isInScope(object, scope));
}

/** Whether one of the values is what the scope asks for, or none is there and it asks for that. */
export function matchesValues({ scopeName, operator, values = [] }: ScopeRequirement, present: readonly string[]) {
  const requirement = { key: scopeName, operator, values: [...values] } as LabelRequirement;
  const candidates = present.length > 0 ? present.map((value) => ({ [scopeName]: value })) : [{}];
  return candidates.some((labels) => matchesLabels([requirement], labels));
}
