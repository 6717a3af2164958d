export {
  type Binding,
  type Grant,
  type RbacObjects,
  RbacPolicy,
  type RoleRef,
  type Subject,
  type Who,
} from './policy.ts';
export { allows, type PathAttributes, type ResourceAttributes, type Rule, uncovered } from './rules.ts';
export const rbacGroup = 'rbac.authorization.k8s.io';
/** Its members may do everything, whatever roles there are. */
export const mastersGroup = 'system:masters';
