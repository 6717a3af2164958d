/** The audit policy of `audit.k8s.io/v1`, for whoever records requests or judges what is recorded. */
export type { AuditedRequest, GroupResources, Level, Policy, Rule, Scope, Stage } from './policy.ts';
export { levels } from './policy.ts';
export { type ReadPolicy, readPolicy } from './read.ts';
export { scopesOf } from './scope.ts';
