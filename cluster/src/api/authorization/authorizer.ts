import type { ResourceAttributes as Named, PathAttributes } from '@berth/kube/rbac';
import type { FieldSelector } from '@berth/kube/selectors';
import type { User } from '../types.ts';

export interface ResourceAttributes extends Named {
  version: string;
  /** Of a list, a watch or the deletion of a collection: all that it concerns satisfies this. */
  fieldSelector?: FieldSelector;
}

export type Attributes = ResourceAttributes | PathAttributes;

export interface Decision {
  allowed: boolean;
  /** Why, for a person; may be ''. */
  reason: string;
}

/** One way to decide who may do what; answers at once, from what is in memory. */
export interface Authorizer {
  authorize(user: User, attributes: Attributes): Decision;
}
