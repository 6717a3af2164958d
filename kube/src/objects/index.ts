export { apiVersionOf, controllerOf, keyOf, parseApiVersion } from './identity.ts';
export type * from './kinds.ts';
export type * from './meta.ts';
export { type Resource, resources } from './resources.ts';
