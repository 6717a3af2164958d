export { measuredKinds } from './metrics.ts';
export type { NodeAccess, NodeAccessHolder, PodUse, Use } from './types.ts';
