/** Who may do what on a cluster, why, and how little would do: from its roles and bindings, and from its audit log. */
export { type MinimalAccess, type MinimalRole, minimalAccess, type RecordedRequest } from './minimal.ts';
export { type Asked, type Question, questionFor } from './question.ts';
export { readRbac } from './rbac.ts';
export { whoOf } from './user.ts';
export { type Holder, holdersOf } from './who-can.ts';
export { type Held, type Reasons, type Remedy, reasonsFor } from './why.ts';
