export { secretOf } from './check-provider.ts';
export { decodeConfiguration } from './decode.ts';
export { type GroupResource, groupResourceOf, named } from './group-resource.ts';
export type * from './types.ts';
export { validateConfiguration } from './validate.ts';
